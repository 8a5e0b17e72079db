package io.modelrefresh.emulator;

import com.google.iam.v1.TestIamPermissionsRequest;
import com.google.iam.v1.TestIamPermissionsResponse;
import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.Map;

/**
 * Of the protocol's {@code google.iam.v1.IAMPolicy} what tells a caller what it may do: everything
 * but what the {@link Faults} deny. On a resource that is not there, that is nothing, and no error
 * (google/iam/v1/iam_policy.proto).
 */
final class PermissionsService implements BindableService {

  private static final MethodDescriptor<TestIamPermissionsRequest, TestIamPermissionsResponse>
      TEST =
          MethodDescriptor.<TestIamPermissionsRequest, TestIamPermissionsResponse>newBuilder()
              .setType(MethodDescriptor.MethodType.UNARY)
              .setFullMethodName("google.iam.v1.IAMPolicy/TestIamPermissions")
              .setRequestMarshaller(
                  ProtoUtils.marshaller(TestIamPermissionsRequest.getDefaultInstance()))
              .setResponseMarshaller(
                  ProtoUtils.marshaller(TestIamPermissionsResponse.getDefaultInstance()))
              .build();

  /** The method that a permission is asked for, where a fault may deny it alone. */
  private static final Map<String, String> METHODS =
      Map.of("pubsub.topics.publish", "Publish", "pubsub.subscriptions.consume", "StreamingPull");

  private final Resources resources;
  private final Faults faults;
  private final Gate gate;

  PermissionsService(Resources resources, Faults faults, Gate gate) {
    this.resources = resources;
    this.faults = faults;
    this.gate = gate;
  }

  @Override
  public ServerServiceDefinition bindService() {
    return ServerServiceDefinition.builder("google.iam.v1.IAMPolicy")
        .addMethod(TEST, ServerCalls.asyncUnaryCall(this::test))
        .build();
  }

  private void test(
      TestIamPermissionsRequest request, StreamObserver<TestIamPermissionsResponse> observer) {
    gate.answer("TestIamPermissions", "", observer, () -> granted(request));
  }

  private TestIamPermissionsResponse granted(TestIamPermissionsRequest request) {
    var granted = TestIamPermissionsResponse.newBuilder();
    if (isThere(request.getResource()) && !faults.isDenied(request.getResource())) {
      request.getPermissionsList().stream()
          .filter(permission -> !faults.isDenied(METHODS.getOrDefault(permission, "")))
          .forEach(granted::addPermissions);
    }
    return granted.build();
  }

  private boolean isThere(String resource) {
    return resources.topics().stream()
            .anyMatch(topic -> topic.settings().getName().equals(resource))
        || resources.subscriptions().stream()
            .anyMatch(subscription -> subscription.settings().getName().equals(resource));
  }
}
