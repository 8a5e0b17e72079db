package io.modelrefresh.benchmarks.spring;

import com.google.api.gax.batching.FlowControlSettings;
import com.google.api.gax.core.NoCredentialsProvider;
import com.google.cloud.pubsub.v1.SubscriptionAdminSettings;
import com.google.cloud.spring.pubsub.core.PubSubConfiguration;
import com.google.cloud.spring.pubsub.core.subscriber.PubSubSubscriberTemplate;
import com.google.cloud.spring.pubsub.support.DefaultSubscriberFactory;
import io.grpc.ManagedChannelBuilder;
import io.modelrefresh.benchmarks.work.Work;
import java.util.concurrent.CountDownLatch;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Spring Cloud GCP's template in a plain Spring context, with the library's defaults. */
public final class Spring {
  @Configuration
  public static class Config {
    @Bean
    PubSubConfiguration pubSubConfiguration() {
      PubSubConfiguration c = new PubSubConfiguration();
      c.initialize("bench");
      return c;
    }

    @Bean
    DefaultSubscriberFactory subscriberFactory(PubSubConfiguration c) {
      DefaultSubscriberFactory f = new DefaultSubscriberFactory(() -> "bench", c);
      f.setCredentialsProvider(NoCredentialsProvider.create());
      f.setChannelProvider(
          SubscriptionAdminSettings.defaultGrpcTransportProviderBuilder()
              .setEndpoint(System.getenv("PUBSUB_EMULATOR_HOST"))
              .setChannelConfigurator(ManagedChannelBuilder::usePlaintext)
              .build());
      Long max = Long.getLong("max.outstanding");
      if (max != null) {
        f.setFlowControlSettings(
            FlowControlSettings.newBuilder()
                .setMaxOutstandingElementCount(max)
                .setMaxOutstandingRequestBytes(100L << 20)
                .build());
      }
      return f;
    }

    @Bean
    PubSubSubscriberTemplate template(DefaultSubscriberFactory f) {
      return new PubSubSubscriberTemplate(f);
    }
  }

  public static void main(String[] args) throws Exception {
    AnnotationConfigApplicationContext context =
        new AnnotationConfigApplicationContext(Config.class);
    context
        .getBean(PubSubSubscriberTemplate.class)
        .subscribe(
            System.getenv().getOrDefault("PUBSUB_SUBSCRIPTION", "bench"),
            m -> {
              Work.handle(m.getPubsubMessage().getData().toByteArray());
              m.ack();
            });
    new CountDownLatch(1).await();
  }
}
