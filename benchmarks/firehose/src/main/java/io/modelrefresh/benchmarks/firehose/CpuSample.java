package io.modelrefresh.benchmarks.firehose;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * CPU seconds used up to a moment: by this process, by the consumer, by the whole machine. NaN for
 * what cannot be read. Source: proc(5).
 */
record CpuSample(long nanos, double own, double consumer, double machine) {

  private static final double TICKS_PER_SECOND = 100;

  static CpuSample now(Optional<Path> consumerPid) {
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return new CpuSample(
        System.nanoTime(),
        system.getProcessCpuTime() / 1e9,
        consumerSeconds(consumerPid),
        machineSeconds());
  }

  double secondsSince(CpuSample earlier) {
    return (nanos - earlier.nanos) / 1e9;
  }

  private static double consumerSeconds(Optional<Path> pidFile) {
    if (pidFile.isEmpty()) {
      return Double.NaN;
    }
    try {
      String stat =
          Files.readString(Path.of("/proc", Files.readString(pidFile.get()).strip(), "stat"));
      String[] afterName = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      return ticks(afterName, 11, 12);
    } catch (IOException e) {
      return Double.NaN;
    }
  }

  private static double machineSeconds() {
    try {
      String[] total = Files.readAllLines(Path.of("/proc/stat")).get(0).split(" +");
      return ticks(total, 1, 2, 3, 6, 7, 8);
    } catch (IOException e) {
      return Double.NaN;
    }
  }

  private static double ticks(String[] fields, int... which) {
    long sum = 0;
    for (int field : which) {
      sum += Long.parseLong(fields[field]);
    }
    return sum / TICKS_PER_SECOND;
  }
}
