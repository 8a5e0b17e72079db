package io.modelrefresh.benchmarks.smallrye;

import io.modelrefresh.benchmarks.work.Work;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/** The connector hands each message over as a String and acks it when the method has returned. */
@ApplicationScoped
public class SmallRye {
  @Incoming("in")
  public void on(String body) {
    Work.handle(body);
  }
}
