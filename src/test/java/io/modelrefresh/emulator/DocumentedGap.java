package io.modelrefresh.emulator;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Behaviour of the real service that Google's official emulator does not have: not run there. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface DocumentedGap {

  /** What the official emulator does instead. */
  String value();
}
