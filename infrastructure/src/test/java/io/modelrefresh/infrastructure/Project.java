package io.modelrefresh.infrastructure;

import com.pulumi.test.Mocks;
import com.pulumi.test.PulumiTest;
import com.pulumi.test.TestResult;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/** A Google Cloud project that creates whatever it is asked for, and remembers it. */
final class Project implements Mocks {

  static final String ID = "PROJECT_ID";
  static final String NUMBER = "PROJECT_NUMBER";

  /** A resource as the program asked for it. */
  record Resource(String type, String name, Map<String, Object> inputs) {

    Object input(String key) {
      return inputs.get(key);
    }
  }

  private final List<Resource> resources = new CopyOnWriteArrayList<>();

  /** What a stack with this configuration creates. */
  static Project of(Map<String, String> config) {
    Project project = new Project();
    project.run(config);
    return project;
  }

  private TestResult run(Map<String, String> config) {
    try {
      return PulumiTest.withMocks(this)
          .runTest(
              context ->
                  FeatureUpdates.declare(
                      context, Settings.read(ID, key -> Optional.ofNullable(config.get(key)))))
          .throwOnError();
    } finally {
      PulumiTest.cleanup();
    }
  }

  /** What it exports. */
  static Map<String, Object> outputsOf(Map<String, String> config) {
    TestResult result = new Project().run(config);
    Map<String, Object> outputs = new TreeMap<>();
    result.outputs().forEach((name, output) -> outputs.put(name, PulumiTest.extractValue(output)));
    return outputs;
  }

  List<Resource> all(String type) {
    return resources.stream().filter(resource -> resource.type().equals(type)).toList();
  }

  Resource one(String type, String name) {
    return all(type).stream()
        .filter(resource -> resource.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + type + " " + name + " in " + resources));
  }

  @Override
  public CompletableFuture<ResourceResult> newResourceAsync(ResourceArgs asked) {
    resources.add(new Resource(asked.type, asked.name, asked.inputs));
    Map<String, Object> state = new TreeMap<>(asked.inputs);
    String id = asked.name + "_id";
    switch (asked.type) {
      case "gcp:pubsub/topic:Topic" -> id = "projects/" + ID + "/topics/" + state.get("name");
      case "gcp:pubsub/schema:Schema" -> id = "projects/" + ID + "/schemas/" + state.get("name");
      case "gcp:serviceaccount/account:Account" -> {
        String email = state.get("accountId") + "@" + ID + ".iam.gserviceaccount.com";
        state.put("email", email);
        state.put("name", "projects/" + ID + "/serviceAccounts/" + email);
      }
      default -> {}
    }
    return CompletableFuture.completedFuture(ResourceResult.of(Optional.of(id), state));
  }

  @Override
  public CompletableFuture<Map<String, Object>> callAsync(CallArgs call) {
    if (!call.token.equals("gcp:organizations/getProject:getProject")) {
      throw new AssertionError("unexpected call of " + call.token);
    }
    return CompletableFuture.completedFuture(Map.of("number", NUMBER));
  }
}
