package io.modelrefresh;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The bytes of a fuzzer, laid out so that the inputs that are kept can be read: some lines of text,
 * an empty line, then anything at all.
 *
 * @param head the lines before the first empty one
 * @param body what follows it; empty when there is none
 */
public record FuzzInput(List<String> head, byte[] body) {

  public static FuzzInput of(byte[] bytes) {
    for (int i = 0; i + 1 < bytes.length; i++) {
      if (bytes[i] == '\n' && bytes[i + 1] == '\n') {
        return new FuzzInput(
            lines(Arrays.copyOf(bytes, i)), Arrays.copyOfRange(bytes, i + 2, bytes.length));
      }
    }
    return new FuzzInput(lines(bytes), new byte[0]);
  }

  private static List<String> lines(byte[] bytes) {
    return List.of(new String(bytes, StandardCharsets.UTF_8).split("\n", -1));
  }

  /** The lines from this one on as {@code name: value}; a line without a colon is a name. */
  public Map<String, String> fields(int from) {
    Map<String, String> fields = new LinkedHashMap<>();
    for (String line : head.subList(Math.min(from, head.size()), head.size())) {
      String[] field = line.split(": ", 2);
      fields.put(field[0], field.length == 2 ? field[1] : "");
    }
    return fields;
  }
}
