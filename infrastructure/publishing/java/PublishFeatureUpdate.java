import com.google.api.gax.core.NoCredentialsProvider;
import com.google.api.gax.grpc.InstantiatingGrpcChannelProvider;
import com.google.cloud.pubsub.v1.Publisher;
import com.google.protobuf.ByteString;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.TopicName;
import io.grpc.ManagedChannelBuilder;
import java.io.IOException;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * Publishes a feature update with Google's Java client, {@code com.google.cloud:google-cloud-pubsub}.
 *
 * <pre>java -cp CLASSPATH PublishFeatureUpdate.java my-project feature-updates driver_hourly_stats</pre>
 */
public class PublishFeatureUpdate {

  public static void main(String[] arguments) throws Exception {
    String featureView = arguments[2];
    Publisher publisher = publisher(TopicName.of(arguments[0], arguments[1]));
    try {
      System.out.println("published " + publisher.publish(update(featureView)).get(30, TimeUnit.SECONDS));
    } finally {
      publisher.shutdown();
      publisher.awaitTermination(30, TimeUnit.SECONDS);
    }
  }

  /** To be published only once what it announces can be read. */
  static PubsubMessage update(String featureView) {
    return PubsubMessage.newBuilder()
        .putAttributes("ce-id", UUID.randomUUID().toString())
        .putAttributes("ce-type", "io.modelrefresh.feature_view.updated.v1")
        .putAttributes("ce-source", "//example.com/java")
        .putAttributes("ce-subject", featureView)
        .putAttributes("ce-time", Instant.now().toString())
        .putAttributes("ce-specversion", "1.0")
        .putAttributes("content-type", "application/json")
        .setData(
            ByteString.copyFromUtf8(
                """
                {"project": "fraud", "feature_view": "%s", "features": ["conv_rate"],
                 "entity_keys": [{"driver_id": 1001}]}"""
                    .formatted(featureView)))
        .build();
  }

  /** Google's Java client, unlike its others, does not look for an emulator by itself. */
  private static Publisher publisher(TopicName topic) throws IOException {
    Publisher.Builder builder = Publisher.newBuilder(topic);
    String emulator = System.getenv("PUBSUB_EMULATOR_HOST");
    if (emulator != null) {
      builder
          .setCredentialsProvider(NoCredentialsProvider.create())
          .setChannelProvider(
              InstantiatingGrpcChannelProvider.newBuilder()
                  .setEndpoint(emulator)
                  .setChannelConfigurator(ManagedChannelBuilder::usePlaintext)
                  .build());
    }
    return builder.build();
  }
}
