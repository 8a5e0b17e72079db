package io.modelrefresh.serving;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;

/** Answers each request with bytes as they are, in turn and the last for ever, then hangs up. */
final class RawServer implements AutoCloseable {

  /** What arrives later is of the answer before: that connection is closed. */
  private static final int MOST_OF_A_REQUEST = 64 * 1024;

  private final ServerSocket socket;
  private final Thread thread = new Thread(this::serve, "raw-server");

  /** Guarded by this. */
  private List<byte[]> answers = List.of();

  /** As above. */
  private int next;

  private RawServer(ServerSocket socket) {
    this.socket = socket;
    thread.setDaemon(true);
    thread.start();
  }

  static RawServer start() {
    try {
      return new RawServer(new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Replica replica() {
    return new Replica("http", "127.0.0.1", socket.getLocalPort());
  }

  synchronized void answer(List<byte[]> answers) {
    this.answers = answers;
    next = 0;
  }

  private synchronized byte[] next() {
    return answers.get(Math.min(next++, answers.size() - 1));
  }

  private void serve() {
    while (!socket.isClosed()) {
      try (Socket connection = socket.accept()) {
        read(connection.getInputStream());
        connection.getOutputStream().write(next());
      } catch (IOException e) {
        // The client hung up, or this server was closed.
      }
    }
  }

  /** A head, and as much of a body as it announces. */
  private static void read(InputStream in) throws IOException {
    byte[] bytes = new byte[MOST_OF_A_REQUEST];
    int length = 0;
    int wanted = bytes.length;
    while (length < wanted) {
      int read = in.read(bytes, length, bytes.length - length);
      if (read < 0) {
        return;
      }
      length += read;
      String text = new String(bytes, 0, length, ISO_8859_1);
      int body = text.indexOf("\r\n\r\n") + 4;
      if (body >= 4) {
        wanted = body + contentLength(text.substring(0, body));
      }
    }
  }

  private static int contentLength(String head) {
    return head.lines()
        .filter(line -> line.regionMatches(true, 0, "content-length:", 0, 15))
        .mapToInt(line -> Integer.parseInt(line.substring(15).strip()))
        .findFirst()
        .orElse(0);
  }

  @Override
  public void close() {
    try {
      socket.close();
      thread.join();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
