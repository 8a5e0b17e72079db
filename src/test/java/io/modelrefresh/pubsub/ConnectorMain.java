package io.modelrefresh.pubsub;

import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.reactive.messaging.Message;

/**
 * The connector alone, as a process: writes the id of each message it receives on a line, and acks
 * it a while later. Its one argument is the server's address.
 */
final class ConnectorMain extends PubSubTestBase implements Flow.Subscriber<Message<?>> {

  private static final int PROCESSING_MILLIS = 200;
  private static final int IN_FLIGHT = 100;

  private final ScheduledExecutorService processing = Executors.newScheduledThreadPool(2);
  private final String address;
  private Flow.Subscription subscription;

  private ConnectorMain(String address) {
    this.address = address;
  }

  public static void main(String[] arguments) {
    var main = new ConnectorMain(arguments[0]);
    main.channel(Map.of("max-duration-per-ack-extension", "10s", "max-outstanding-messages", "100"))
        .publisher()
        .subscribe(main);
  }

  @Override
  String serverAddress() {
    return address;
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    subscription = given;
    given.request(IN_FLIGHT);
  }

  /** Whoever reads has the id before the ack leaves. */
  @Override
  public void onNext(Message<?> message) {
    String id = message.getMetadata(PubSubIncomingMetadata.class).orElseThrow().messageId();
    System.out.println(ConnectorOnOfficialEmulatorTest.RECEIVED + id);
    System.out.flush();
    processing.schedule(
        () -> {
          message.ack();
          subscription.request(1);
        },
        PROCESSING_MILLIS,
        TimeUnit.MILLISECONDS);
  }

  @Override
  public void onError(Throwable failure) {
    failure.printStackTrace();
    System.exit(1);
  }

  @Override
  public void onComplete() {
    System.exit(0);
  }
}
