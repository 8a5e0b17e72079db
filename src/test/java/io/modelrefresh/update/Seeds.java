package io.modelrefresh.update;

import java.util.concurrent.ThreadLocalRandom;

/** Seeds of generated inputs: new ones each time, or the one to be looked at again. */
public final class Seeds {

  private Seeds() {}

  /** {@code -Dseed=N} repeats the run whose failure named that seed. */
  public static long next() {
    return Long.getLong("seed", ThreadLocalRandom.current().nextLong());
  }
}
