package io.modelrefresh;

import io.quarkus.test.junit.callback.QuarkusTestBeforeClassCallback;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

/**
 * How long tests wait for what must happen: long enough for a busy machine, since most never do.
 * Told to Awaitility once, and again for what Quarkus tests, since Quarkus loads it once more.
 */
public final class Patience implements LauncherSessionListener, QuarkusTestBeforeClassCallback {

  public static final Duration PATIENCE = Duration.ofSeconds(60);

  @Override
  public void launcherSessionOpened(LauncherSession session) {
    Awaitility.setDefaultTimeout(PATIENCE);
  }

  @Override
  public void beforeClass(Class<?> testClass) {
    Awaitility.setDefaultTimeout(PATIENCE);
  }
}
