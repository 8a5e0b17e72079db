package io.modelrefresh.benchmarks.firehose;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What is counted in a run, and when. Guarded by the backlog's lock. */
final class Measurement {

  private final int messages;
  private final Optional<Path> consumerPid;
  private CpuSample opened;
  private CpuSample half;
  private CpuSample end;
  private long firstOpenEpochMillis;
  private long firstSendEpochMillis;
  private long firstAckEpochMillis;
  private long acked;

  long duplicates;
  long lateAcks;
  long unknownAcks;
  long nacks;
  long expired;
  long ackCalls;
  long modifyCalls;
  long modifiedIds;
  long responses;
  long streams;
  long pulls;
  long keepalives;

  /**
   * @param consumerPid the file that holds the process id of the consumer
   */
  Measurement(int messages, Optional<Path> consumerPid) {
    this.messages = messages;
    this.consumerPid = consumerPid;
  }

  void opened() {
    if (opened == null) {
      opened = CpuSample.now(consumerPid);
      firstOpenEpochMillis = System.currentTimeMillis();
    }
  }

  void sent() {
    if (firstSendEpochMillis == 0) {
      firstSendEpochMillis = System.currentTimeMillis();
    }
  }

  /**
   * @return whether that was the last one
   */
  boolean acked() {
    acked++;
    if (acked == 1) {
      firstAckEpochMillis = System.currentTimeMillis();
    }
    if (acked == messages / 2) {
      half = CpuSample.now(consumerPid);
    }
    if (acked == messages) {
      end = CpuSample.now(consumerPid);
    }
    return acked == messages;
  }

  String progress() {
    return "acked=" + acked + " modack_ids=" + modifiedIds + " redelivered=" + duplicates;
  }

  String result() {
    double seconds = end.secondsSince(opened);
    double secondHalf = end.secondsSince(half);
    double own = end.own() - opened.own();
    double consumer = end.consumer() - opened.consumer();
    Map<String, Object> result = new TreeMap<>();
    result.put("messages", messages);
    result.put("elapsed_s", twoDigits(seconds));
    result.put("msgs_per_s", Math.round(messages / seconds));
    result.put("second_half_msgs_per_s", Math.round((messages - messages / 2) / secondHalf));
    result.put("cpu_consumer_s", twoDigits(consumer));
    result.put("cpu_firehose_s", twoDigits(own));
    result.put("cpu_other_s", twoDigits(end.machine() - opened.machine() - own - consumer));
    result.put(
        "consumer_cores_2nd_half", twoDigits((end.consumer() - half.consumer()) / secondHalf));
    result.put("firehose_cores_2nd_half", twoDigits((end.own() - half.own()) / secondHalf));
    result.put(
        "second_half_cpu_s_per_million",
        twoDigits((end.consumer() - half.consumer()) * 1e6 / (messages - messages / 2)));
    result.put("duplicates", duplicates);
    result.put("late_acks", lateAcks);
    result.put("unknown_acks", unknownAcks);
    result.put("nacks", nacks);
    result.put("expired", expired);
    result.put("streams", streams);
    result.put("responses", responses);
    result.put("pulls", pulls);
    result.put("keepalives", keepalives);
    result.put("ack_calls", ackCalls);
    result.put("modack_calls", modifyCalls);
    result.put("modack_ids", modifiedIds);
    result.put("open_epoch_ms", firstOpenEpochMillis);
    result.put("first_send_epoch_ms", firstSendEpochMillis);
    result.put("first_ack_epoch_ms", firstAckEpochMillis);
    StringBuilder line = new StringBuilder("RESULT");
    result.forEach((key, value) -> line.append(' ').append(key).append('=').append(value));
    return line.toString();
  }

  private static String twoDigits(double number) {
    return String.format(Locale.ROOT, "%.2f", number);
  }
}
