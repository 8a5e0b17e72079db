package io.modelrefresh.benchmarks.scenarios;

import java.awt.Color;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.ChartTheme;

/**
 * {@code Plots CSV DIRECTORY}: a PNG for each curve, CPU time a message and memory, both scales
 * logarithmic: what is flat is a level line, what is linear a diagonal.
 */
public final class Plots {

  private record Point(double value, double cpuMicros, double heap) {}

  private Plots() {}

  public static void main(String[] arguments) throws IOException {
    Map<String, List<Point>> curves = new LinkedHashMap<>();
    for (String line : Files.readAllLines(Path.of(arguments[0])).stream().skip(1).toList()) {
      String[] fields = line.split(",");
      curves
          .computeIfAbsent(fields[0], name -> new ArrayList<>())
          .add(new Point(number(fields[1]), number(fields[4]), number(fields[5])));
    }
    for (Map.Entry<String, List<Point>> curve : curves.entrySet()) {
      String axis = curve.getKey().replace('-', ' ');
      List<Double> values = curve.getValue().stream().map(Point::value).toList();
      XYChart cpu =
          chart(
              axis,
              "CPU, µs a message",
              values,
              curve.getValue().stream().map(Point::cpuMicros).toList());
      XYChart heap =
          chart(axis, "live heap, MB", values, curve.getValue().stream().map(Point::heap).toList());
      BitmapEncoder.saveBitmap(
          List.of(cpu, heap),
          1,
          2,
          Path.of(arguments[1], curve.getKey()).toString(),
          BitmapFormat.PNG);
    }
  }

  private static double number(String field) {
    return Double.parseDouble(field);
  }

  private static XYChart chart(String axis, String what, List<Double> x, List<Double> y) {
    XYChart chart =
        new XYChartBuilder()
            .width(420)
            .height(280)
            .theme(ChartTheme.Matlab)
            .xAxisTitle(axis)
            .yAxisTitle(what)
            .build();
    chart.getStyler().setLegendVisible(false).setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setXAxisLogarithmic(true).setYAxisLogarithmic(true);
    // Whole decades, so that no curve looks steeper than it is.
    double least = y.stream().mapToDouble(Double::doubleValue).min().orElse(1);
    double most = y.stream().mapToDouble(Double::doubleValue).max().orElse(1);
    chart.getStyler().setYAxisMin(Math.pow(10, Math.floor(Math.log10(Math.max(least, 0.1)))));
    chart.getStyler().setYAxisMax(Math.pow(10, Math.floor(Math.log10(Math.max(most, 0.1))) + 1));
    chart.addSeries(what, x, y);
    return chart;
  }
}
