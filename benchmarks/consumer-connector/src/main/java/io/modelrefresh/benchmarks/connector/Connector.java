package io.modelrefresh.benchmarks.connector;

import io.modelrefresh.benchmarks.work.Work;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.Flow;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.eclipse.microprofile.reactive.messaging.Message;

/**
 * The agent's connector without the agent. It takes the channel as a stream, as the agent does: a
 * method for each message would be called on a worker thread, and SmallRye's work around that call
 * would be measured, not the connector's.
 */
@ApplicationScoped
public class Connector {

  @Incoming("in")
  public Flow.Subscriber<Message<byte[]>> consumer() {
    return new Flow.Subscriber<>() {
      @Override
      public void onSubscribe(Flow.Subscription subscription) {
        subscription.request(Long.MAX_VALUE);
      }

      @Override
      public void onNext(Message<byte[]> message) {
        Work.handle(message.getPayload());
        message.ack();
      }

      @Override
      public void onError(Throwable failure) {
        throw new IllegalStateException(failure);
      }

      @Override
      public void onComplete() {}
    };
  }
}
