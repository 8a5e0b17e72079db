package io.modelrefresh.request;

import io.smallrye.mutiny.Uni;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** The token a server asks of its clients, in a file in which others rotate it. Never logged. */
public final class BearerToken {

  /** The token68 of RFC 9110, section 11.2; anything else could begin another header. */
  private static final Predicate<String> TOKEN =
      Pattern.compile("[A-Za-z0-9._~+/-]+=*").asMatchPredicate();

  private final MountedFile file;

  public BearerToken(MountedFile file) {
    this.file = file;
  }

  /** The token as it is now; fails with {@link UnusableFileException}, which does not quote it. */
  public Uni<String> read() {
    return file.content()
        .map(String::strip)
        .invoke(
            token -> {
              if (!TOKEN.test(token)) {
                throw file.unusable(
                    "expected nothing but a token of letters, digits and -._~+/= on one line");
              }
            });
  }
}
