package io.modelrefresh.operations;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Version;
import java.io.Serial;
import java.util.List;

/**
 * The kinds of Google's Config Connector that the manifests use, with those of their fields that
 * are used (by its resource reference: Pub/Sub {@code v1beta1}, IAM {@code v1beta1}). A field that
 * is not here is refused: add it when the reference has it.
 */
final class ConfigConnector {

  static final List<Class<? extends CustomResource<?, Void>>> KINDS =
      List.of(
          PubSubTopic.class,
          PubSubSubscription.class,
          IamServiceAccount.class,
          IamPolicyMember.class);

  private ConfigConnector() {}

  /** By name in the same namespace, or from elsewhere. */
  record Reference(String name, String external) {}

  record TypedReference(String apiVersion, String kind, String name, String external) {}

  record TopicSpec(String resourceID, String messageRetentionDuration) {}

  record SubscriptionSpec(
      String resourceID,
      Reference topicRef,
      Integer ackDeadlineSeconds,
      Boolean enableExactlyOnceDelivery,
      Boolean enableMessageOrdering,
      ExpirationPolicy expirationPolicy,
      String filter,
      String messageRetentionDuration,
      RetryPolicy retryPolicy,
      DeadLetterPolicy deadLetterPolicy) {}

  record ExpirationPolicy(String ttl) {}

  record RetryPolicy(String minimumBackoff, String maximumBackoff) {}

  record DeadLetterPolicy(Reference deadLetterTopicRef, Integer maxDeliveryAttempts) {}

  record ServiceAccountSpec(String resourceID, String displayName, String description) {}

  record PolicyMemberSpec(
      TypedReference resourceRef, String role, String member, MemberFrom memberFrom) {}

  record MemberFrom(@JsonProperty("serviceAccountRef") Reference serviceAccountRef) {}

  @Group("pubsub.cnrm.cloud.google.com")
  @Version("v1beta1")
  @Kind("PubSubTopic")
  static final class PubSubTopic extends CustomResource<TopicSpec, Void> implements Namespaced {
    @Serial private static final long serialVersionUID = 1L;
  }

  @Group("pubsub.cnrm.cloud.google.com")
  @Version("v1beta1")
  @Kind("PubSubSubscription")
  static final class PubSubSubscription extends CustomResource<SubscriptionSpec, Void>
      implements Namespaced {
    @Serial private static final long serialVersionUID = 1L;
  }

  @Group("iam.cnrm.cloud.google.com")
  @Version("v1beta1")
  @Kind("IAMServiceAccount")
  static final class IamServiceAccount extends CustomResource<ServiceAccountSpec, Void>
      implements Namespaced {
    @Serial private static final long serialVersionUID = 1L;
  }

  @Group("iam.cnrm.cloud.google.com")
  @Version("v1beta1")
  @Kind("IAMPolicyMember")
  static final class IamPolicyMember extends CustomResource<PolicyMemberSpec, Void>
      implements Namespaced {
    @Serial private static final long serialVersionUID = 1L;
  }
}
