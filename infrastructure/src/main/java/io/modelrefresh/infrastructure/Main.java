package io.modelrefresh.infrastructure;

import com.pulumi.Context;
import com.pulumi.Pulumi;

/** What {@code pulumi up} runs. */
public final class Main {

  private Main() {}

  public static void main(String[] arguments) {
    Pulumi.run(Main::declare);
  }

  private static void declare(Context context) {
    String project = context.config("gcp").require("project");
    FeatureUpdates.declare(context, Settings.read(project, context.config()::get));
  }
}
