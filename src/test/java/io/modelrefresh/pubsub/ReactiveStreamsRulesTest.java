package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;
import org.testng.ITestResult;
import org.testng.TestListenerAdapter;
import org.testng.TestNG;

/** Runs the Reactive Streams TCK, which is written for TestNG, as one test of this build. */
class ReactiveStreamsRulesTest {

  @Test
  void the_publisher_of_a_channel_keeps_every_rule_of_reactive_streams() {
    var results = new TestListenerAdapter();
    var tck = new TestNG(false);
    tck.setVerbose(0);
    tck.setTestClasses(new Class<?>[] {Rules.class});
    tck.addListener(results);

    tck.run();

    assertThat(results.getFailedTests())
        .as(
            () ->
                results.getFailedTests().stream().map(ReactiveStreamsRulesTest::why).toList() + "")
        .isEmpty();
    assertThat(results.getConfigurationFailures()).isEmpty();
    // The others are for publishers of many subscribers, and the TCK skips them itself.
    assertThat(results.getPassedTests().size()).isGreaterThanOrEqualTo(26);
  }

  private static String why(ITestResult result) {
    return result.getName() + ": " + result.getThrowable();
  }

  /** TestNG makes and runs this. */
  public static final class Rules extends FlowPublisherVerification<Delivery> {

    private static final ExecutorService CONTEXT =
        Executors.newSingleThreadExecutor(
            task -> {
              var thread = new Thread(task, "tck-context");
              thread.setDaemon(true);
              return thread;
            });

    public Rules() {
      super(new TestEnvironment(2_000, 100));
    }

    @Override
    public Flow.Publisher<Delivery> createFlowPublisher(long elements) {
      return new FiniteChannel(elements).publisher;
    }

    @Override
    public Flow.Publisher<Delivery> createFailedFlowPublisher() {
      var taken = new FiniteChannel(1).publisher;
      taken.subscribe(new Nobody());
      return taken;
    }

    @Override
    public long maxElementsFromPublisher() {
      return publisherUnableToSignalOnComplete() - 1;
    }
  }

  /** A channel that receives as many as asked for, as fast as it can, then ends. */
  private static final class FiniteChannel implements DemandDrivenPublisher.Source<Delivery> {

    private static final long ENDLESS = 10_000;

    final DemandDrivenPublisher<Delivery> publisher =
        new DemandDrivenPublisher<>(Rules.CONTEXT, this);
    private final long elements;
    private final AtomicLong emitted = new AtomicLong();

    FiniteChannel(long elements) {
      this.elements = elements;
    }

    @Override
    public void demanded() {
      for (var i = 0L; i < Math.min(elements, ENDLESS); i++) {
        publisher.offer(List.of(Deliveries.ignoringReplies()));
      }
    }

    @Override
    public void emit(Delivery delivery, Flow.Subscriber<? super Delivery> downstream) {
      downstream.onNext(delivery);
      if (emitted.incrementAndGet() == elements) {
        publisher.complete();
      }
    }

    @Override
    public void cancelled() {}

    @Override
    public boolean isExpired(Delivery delivery) {
      return false;
    }
  }

  private static final class Nobody implements Flow.Subscriber<Delivery> {
    @Override
    public void onSubscribe(Flow.Subscription subscription) {}

    @Override
    public void onNext(Delivery item) {}

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onComplete() {}
  }
}
