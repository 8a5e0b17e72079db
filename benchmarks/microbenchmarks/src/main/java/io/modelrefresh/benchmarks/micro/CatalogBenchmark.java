package io.modelrefresh.benchmarks.micro;

import io.modelrefresh.catalog.Catalog;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.update.FeatureUpdate;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Which of so many models an update affects: one that consumes the view, or none. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CatalogBenchmark {

  @Param({"10", "100", "1000", "10000"})
  int models;

  private Catalog catalog;
  private FeatureUpdate consumed;
  private FeatureUpdate notConsumed;

  @Setup
  public void setUp() {
    catalog = Catalogs.of(models);
    consumed = Sample.update("view_" + models / 2);
    notConsumed = Sample.update("view_of_nobody");
  }

  @Benchmark
  public List<Model> consumed() {
    return catalog.affectedBy(consumed);
  }

  @Benchmark
  public List<Model> notConsumed() {
    return catalog.affectedBy(notConsumed);
  }
}
