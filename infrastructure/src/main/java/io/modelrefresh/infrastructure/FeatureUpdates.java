package io.modelrefresh.infrastructure;

import com.pulumi.Context;
import com.pulumi.core.Output;
import com.pulumi.gcp.organizations.OrganizationsFunctions;
import com.pulumi.gcp.organizations.inputs.GetProjectArgs;
import com.pulumi.gcp.organizations.outputs.GetProjectResult;
import com.pulumi.gcp.pubsub.Schema;
import com.pulumi.gcp.pubsub.SchemaArgs;
import com.pulumi.gcp.pubsub.Subscription;
import com.pulumi.gcp.pubsub.SubscriptionArgs;
import com.pulumi.gcp.pubsub.SubscriptionIAMMember;
import com.pulumi.gcp.pubsub.SubscriptionIAMMemberArgs;
import com.pulumi.gcp.pubsub.Topic;
import com.pulumi.gcp.pubsub.TopicArgs;
import com.pulumi.gcp.pubsub.TopicIAMMember;
import com.pulumi.gcp.pubsub.TopicIAMMemberArgs;
import com.pulumi.gcp.pubsub.inputs.SubscriptionDeadLetterPolicyArgs;
import com.pulumi.gcp.pubsub.inputs.SubscriptionExpirationPolicyArgs;
import com.pulumi.gcp.pubsub.inputs.SubscriptionRetryPolicyArgs;
import com.pulumi.gcp.pubsub.inputs.TopicSchemaSettingsArgs;
import com.pulumi.gcp.serviceaccount.Account;
import com.pulumi.gcp.serviceaccount.AccountArgs;
import com.pulumi.gcp.serviceaccount.IAMMember;
import com.pulumi.gcp.serviceaccount.IAMMemberArgs;
import io.modelrefresh.infrastructure.Settings.TopicSchema;
import java.util.LinkedHashMap;
import java.util.Map;

/** The topics and subscriptions of feature updates, and who may do what with them. */
final class FeatureUpdates {

  private static final String SUBSCRIBER = "roles/pubsub.subscriber";
  private static final String PUBLISHER = "roles/pubsub.publisher";
  private static final String VIEWER = "roles/pubsub.viewer";

  /** The most there may be: the agent holds messages for long, and each redelivery is one. */
  private static final int DELIVERY_ATTEMPTS = 100;

  private static final int ACK_DEADLINE_SECONDS = 60;

  private final Settings settings;

  private FeatureUpdates(Settings settings) {
    this.settings = settings;
  }

  /** Declares every resource, and exports what the agent is to be told. */
  static void declare(Context context, Settings settings) {
    new FeatureUpdates(settings).declare(context);
  }

  private void declare(Context context) {
    Topic topic = topic();
    Topic deadLetterTopic =
        new Topic(
            settings.deadLetterTopic(),
            TopicArgs.builder()
                .name(settings.deadLetterTopic())
                .messageRetentionDuration(settings.retention())
                .build());
    Subscription subscription = subscription(topic, deadLetterTopic);
    Subscription deadLetterSubscription =
        new Subscription(
            settings.deadLetterSubscription(),
            kept(deadLetterTopic).name(settings.deadLetterSubscription()).build());
    Account account =
        new Account(
            "model-refresh-agent",
            AccountArgs.builder()
                .accountId("model-refresh-agent")
                .displayName("Model refresh agent")
                .build());
    letTheAgentIn(account);
    Output<String> agent = account.email().applyValue(email -> "serviceAccount:" + email);
    may("agent-consumes", agent, SUBSCRIBER, subscription);
    // To warn at the start about a subscription that is set up unsuitably.
    may("agent-looks-at-subscription", agent, VIEWER, subscription);
    may("agent-dead-letters", agent, PUBLISHER, deadLetterTopic);
    // To replay dead letters: read them there, publish them here.
    may("agent-reads-dead-letters", agent, SUBSCRIBER, deadLetterSubscription);
    may("agent-replays", agent, PUBLISHER, topic);
    settings.retrainingTopic().ifPresent(name -> letTheAgentAskForRetraining(name, agent, context));
    for (String publisher : settings.publishers()) {
      may("publishes-" + publisher, Output.of(publisher), PUBLISHER, topic);
    }
    letPubSubDeadLetter(subscription, deadLetterTopic);

    context.export("topic_name", topic.name());
    context.export("subscription_name", subscription.name());
    context.export("dead_letter_topic_name", deadLetterTopic.name());
    context.export("dead_letter_subscription_name", deadLetterSubscription.name());
    context.export("service_account_email", account.email());
    context.export("environment", Output.of(environment()));
  }

  /** Without a subscription: that is the trainer's own, whoever it is. */
  private void letTheAgentAskForRetraining(String name, Output<String> agent, Context context) {
    Topic retrainingTopic =
        new Topic(
            name,
            TopicArgs.builder().name(name).messageRetentionDuration(settings.retention()).build());
    may("agent-asks-for-retraining", agent, PUBLISHER, retrainingTopic);
    context.export("retraining_topic_name", retrainingTopic.name());
  }

  private Topic topic() {
    TopicArgs.Builder topic =
        TopicArgs.builder().name(settings.topic()).messageRetentionDuration(settings.retention());
    if (settings.schema() == TopicSchema.PROTOBUF) {
      Schema schema =
          new Schema(
              "feature-update",
              SchemaArgs.builder()
                  .name("feature-update")
                  .type("PROTOCOL_BUFFER")
                  .definition(ProtobufSchema.ofFeatureUpdates())
                  .build());
      topic.schemaSettings(
          TopicSchemaSettingsArgs.builder().schema(schema.id()).encoding("JSON").build());
    }
    return new Topic(settings.topic(), topic.build());
  }

  private Subscription subscription(Topic topic, Topic deadLetterTopic) {
    SubscriptionArgs.Builder subscription =
        kept(topic)
            .name(settings.subscription())
            .retryPolicy(
                SubscriptionRetryPolicyArgs.builder()
                    .minimumBackoff("10s")
                    .maximumBackoff("600s")
                    .build())
            .deadLetterPolicy(
                SubscriptionDeadLetterPolicyArgs.builder()
                    .deadLetterTopic(deadLetterTopic.id())
                    .maxDeliveryAttempts(DELIVERY_ATTEMPTS)
                    .build())
            .enableExactlyOnceDelivery(settings.exactlyOnce())
            .enableMessageOrdering(settings.ordering());
    settings.filter().ifPresent(subscription::filter);
    return new Subscription(settings.subscription(), subscription.build());
  }

  /** A pull subscription that stays, however long nobody consumes it. */
  private SubscriptionArgs.Builder kept(Topic topic) {
    return SubscriptionArgs.builder()
        .topic(topic.name())
        .ackDeadlineSeconds(ACK_DEADLINE_SECONDS)
        .messageRetentionDuration(settings.retention())
        .expirationPolicy(SubscriptionExpirationPolicyArgs.builder().ttl("").build());
  }

  /** The agent's Kubernetes service account is the project's. */
  private void letTheAgentIn(Account account) {
    new IAMMember(
        "agent-workload-identity",
        IAMMemberArgs.builder()
            .serviceAccountId(account.name())
            .role("roles/iam.workloadIdentityUser")
            .member(
                "serviceAccount:%s.svc.id.goog[%s]"
                    .formatted(settings.project(), settings.kubernetesServiceAccount()))
            .build());
  }

  /** Pub/Sub dead-letters as its own service agent, which by itself may do neither. */
  private void letPubSubDeadLetter(Subscription subscription, Topic deadLetterTopic) {
    Output<String> pubsub =
        OrganizationsFunctions.getProject(
                GetProjectArgs.builder().projectId(settings.project()).build())
            .applyValue(GetProjectResult::number)
            .applyValue(
                number ->
                    "serviceAccount:service-%s@gcp-sa-pubsub.iam.gserviceaccount.com"
                        .formatted(number));
    may("pubsub-dead-letters", pubsub, PUBLISHER, deadLetterTopic);
    may("pubsub-acknowledges", pubsub, SUBSCRIBER, subscription);
  }

  private static void may(String name, Output<String> member, String role, Topic topic) {
    new TopicIAMMember(
        name, TopicIAMMemberArgs.builder().topic(topic.name()).role(role).member(member).build());
  }

  private static void may(
      String name, Output<String> member, String role, Subscription subscription) {
    new SubscriptionIAMMember(
        name,
        SubscriptionIAMMemberArgs.builder()
            .subscription(subscription.name())
            .role(role)
            .member(member)
            .build());
  }

  /** The agent's settings, as the environment variables of its container. */
  private Map<String, String> environment() {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("QUARKUS_GOOGLE_CLOUD_PROJECT_ID", settings.project());
    environment.put("MP_MESSAGING_INCOMING_FEATURE_UPDATES_SUBSCRIPTION", settings.subscription());
    environment.put("MP_MESSAGING_INCOMING_FEATURE_UPDATES_TOPIC", settings.topic());
    environment.put(
        "MP_MESSAGING_INCOMING_FEATURE_UPDATES_DEAD_LETTER_TOPIC", settings.deadLetterTopic());
    environment.put("MP_MESSAGING_OUTGOING_FEATURE_UPDATES_TOPIC_TOPIC", settings.topic());
    environment.put("MODEL_REFRESH_DEAD_LETTER_SUBSCRIPTION", settings.deadLetterSubscription());
    if (settings.exactlyOnce()) {
      environment.put("MP_MESSAGING_INCOMING_FEATURE_UPDATES_EXACTLY_ONCE", "true");
    }
    if (settings.ordering()) {
      environment.put("MP_MESSAGING_INCOMING_FEATURE_UPDATES_ORDERED", "key");
    }
    return environment;
  }
}
