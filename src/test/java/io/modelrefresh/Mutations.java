package io.modelrefresh;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Inputs made of others: cut, spliced, repeated, with bytes flipped and awkward words put in. */
public final class Mutations {

  private static final int MOST_CHANGES = 6;
  private static final int LONGEST = 20_000;

  private static final List<String> WORDS =
      List.of(
          "\r\n",
          "\n\n",
          "{",
          "}",
          "[",
          "\"",
          "null",
          "-1",
          "1e999",
          "99999999999999999999",
          "true",
          "%00",
          "%2e%2e/",
          "../",
          "//",
          "?",
          "#",
          "\u0000",
          "\u00e9",
          "\ud83d\ude00",
          "${x}",
          "{x}",
          "Content-Length: 5\n",
          "Transfer-Encoding: chunked\n",
          "Expect: 100-continue\n",
          "Content-Type: text/plain\n",
          "Accept: text/html\n",
          "GET ",
          "POST ",
          "TRACE ");

  private final List<byte[]> inputs;
  private final Random random;

  public Mutations(List<byte[]> inputs, Random random) {
    this.inputs = inputs;
    this.random = random;
  }

  /** The next input. */
  public byte[] next() {
    byte[] made = drawn();
    for (int i = 1 + random.nextInt(MOST_CHANGES); i > 0; i--) {
      made = changed(made);
    }
    return Arrays.copyOf(made, Math.min(made.length, LONGEST));
  }

  private byte[] drawn() {
    return inputs.get(random.nextInt(inputs.size()));
  }

  private byte[] changed(byte[] input) {
    int from = random.nextInt(input.length + 1);
    int to = from + random.nextInt(Math.min(input.length - from, 64) + 1);
    return switch (random.nextInt(6)) {
      case 0 -> joined(input, from, new byte[0], to);
      case 1 -> joined(input, to, Arrays.copyOfRange(input, from, to), to);
      case 2 -> joined(input, from, WORDS.get(random.nextInt(WORDS.size())).getBytes(UTF_8), from);
      case 3 -> joined(input, from, WORDS.get(random.nextInt(WORDS.size())).getBytes(UTF_8), to);
      case 4 -> {
        byte[] other = drawn();
        yield joined(
            input, from, Arrays.copyOfRange(other, 0, random.nextInt(other.length + 1)), to);
      }
      default -> {
        byte[] noise = new byte[to - from];
        random.nextBytes(noise);
        yield joined(input, from, noise, to);
      }
    };
  }

  /** The input up to one place, this, and the input from another place on. */
  private static byte[] joined(byte[] input, int upTo, byte[] middle, int from) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(input, 0, upTo);
    bytes.writeBytes(middle);
    bytes.write(input, from, input.length - from);
    return bytes.toByteArray();
  }
}
