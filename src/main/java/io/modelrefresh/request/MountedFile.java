package io.modelrefresh.request;

import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A file named by the configuration whose content changes under it, as a mounted Secret's or
 * ConfigMap's does. Never kept: read anew each time, off the event loop.
 */
public final class MountedFile {

  private final Vertx vertx;
  private final String key;
  private final Path file;

  /**
   * @param key the configuration key that names the file
   */
  public MountedFile(Vertx vertx, String key, Path file) {
    this.vertx = vertx;
    this.key = key;
    this.file = file;
  }

  /** The content, in UTF-8; fails with {@link UnusableFileException}. */
  public Uni<String> content() {
    return Uni.createFrom()
        .completionStage(() -> vertx.executeBlocking(this::read, false).toCompletionStage());
  }

  private String read() {
    String content;
    try {
      content = Files.readString(file);
    } catch (NoSuchFileException e) {
      throw unusable("there is no such file");
    } catch (MalformedInputException e) {
      throw unusable("it is not UTF-8");
    } catch (IOException e) {
      throw unusable("it cannot be read (" + e + ")");
    }
    if (content.isBlank()) {
      throw unusable("it is empty");
    }
    return content;
  }

  public UnusableFileException unusable(String why) {
    return new UnusableFileException(key + ": " + file + " cannot be used: " + why);
  }
}
