package io.modelrefresh.benchmarks.connector;

import io.modelrefresh.benchmarks.work.Work;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/** The agent's connector without the agent: each message is acked when the method has returned. */
@ApplicationScoped
public class Connector {

  @Incoming("in")
  public void on(byte[] body) {
    Work.handle(body);
  }
}
