package io.t3d.data.dicomweb.internal;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a multipart body (RFC 2046) as it arrives. It holds one buffer in memory, whatever the size
 * of a part; headers and parts have bounds.
 */
public final class MultipartReader {
  /** Most bytes of a part's headers. */
  static final int LONGEST_HEADERS = 16 << 10;

  private static final int LONGEST_BOUNDARY = 200;
  private static final int BUFFER = 64 << 10;
  private static final Pattern BOUNDARY =
      Pattern.compile(
          ";\\s*boundary\\s*=\\s*(?:\"([^\"]+)\"|([^;\\s\"]+))", Pattern.CASE_INSENSITIVE);

  private final InputStream in;
  private final byte[] delimiter; // CR LF -- boundary
  private final byte[] buffer = new byte[BUFFER];
  private int from;
  private int to;
  private boolean begun;
  private boolean ended;

  /**
   * A reader of a body.
   *
   * @param boundary of the header Content-Type
   */
  public MultipartReader(InputStream in, String boundary) {
    if (boundary.isEmpty() || boundary.length() > LONGEST_BOUNDARY) {
      throw new IllegalArgumentException("A boundary has 1 to " + LONGEST_BOUNDARY + " characters");
    }
    this.in = in;
    this.delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.ISO_8859_1);
  }

  /** The boundary that a header Content-Type names; empty when it is no multipart. */
  public static Optional<String> boundary(String contentType) {
    if (!contentType.strip().regionMatches(true, 0, "multipart/", 0, 10)) {
      return Optional.empty();
    }
    Matcher m = BOUNDARY.matcher(contentType);
    if (!m.find()) {
      return Optional.empty();
    }
    String found = m.group(1) != null ? m.group(1) : m.group(2);
    return found.length() > LONGEST_BOUNDARY ? Optional.empty() : Optional.of(found);
  }

  /** The body is no multipart, or exceeds a bound. */
  public static final class MalformedException extends IOException {
    private static final long serialVersionUID = 1L;

    MalformedException(String message) {
      super(message);
    }
  }

  /**
   * Goes to the next part.
   *
   * @return its headers, as they are; empty after the last part
   * @throws EOFException when the body ends before its last boundary
   * @throws MalformedException when headers are too long
   */
  public Optional<String> next() throws IOException {
    if (ended) {
      return Optional.empty();
    }
    if (!begun) {
      begun = true;
      // The first boundary may stand at the very beginning, without a line break before it.
      if (!startsWithDelimiter()) {
        if (content(OutputStream.nullOutputStream(), LONGEST_HEADERS) > LONGEST_HEADERS) {
          throw new MalformedException(
              "what precedes the first part exceeds " + LONGEST_HEADERS + " bytes");
        }
      }
    }
    int first = read();
    int second = read();
    if (first == '-' && second == '-') {
      ended = true;
      return Optional.empty();
    }
    // Spaces may follow a boundary.
    while ((first == ' ' || first == '\t') && second != '\n') {
      first = second;
      second = read();
    }
    if (first != '\r' || second != '\n') {
      throw new MalformedException("a boundary is not followed by a line break");
    }
    return Optional.of(headers());
  }

  private boolean startsWithDelimiter() throws IOException {
    fill(delimiter.length - 2);
    if (to - from < delimiter.length - 2 || !matches(from, 2)) {
      return false;
    }
    from += delimiter.length - 2;
    return true;
  }

  private String headers() throws IOException {
    StringBuilder text = new StringBuilder();
    while (true) {
      text.append((char) read());
      int n = text.length();
      if (n == 2 && text.charAt(0) == '\r' && text.charAt(1) == '\n') {
        return "";
      }
      if (n >= 4 && text.substring(n - 4).equals("\r\n\r\n")) {
        return text.substring(0, n - 4);
      }
      if (n > LONGEST_HEADERS) {
        throw new MalformedException("a part's headers exceed " + LONGEST_HEADERS + " bytes");
      }
    }
  }

  /**
   * Copies the part's content.
   *
   * @param longest most bytes; where there are more, the reader is of no use any more
   * @return its bytes; more than the longest: it is cut there
   * @throws EOFException when the body ends within it
   */
  public long content(OutputStream out, long longest) throws IOException {
    long bytes = 0;
    while (true) {
      fill(delimiter.length);
      int left = to - from;
      int at = find();
      int sure = at >= 0 ? at - from : left - delimiter.length + 1;
      if (at < 0 && left < delimiter.length) {
        throw cut();
      }
      bytes += sure;
      if (bytes > longest) {
        return bytes;
      }
      out.write(buffer, from, sure);
      from += sure;
      if (at >= 0) {
        from += delimiter.length;
        return bytes;
      }
    }
  }

  /** Where the delimiter is in the buffer, or -1. */
  private int find() {
    for (int i = from; i + delimiter.length <= to; i++) {
      if (buffer[i] == '\r' && matches(i, 0)) {
        return i;
      }
    }
    return -1;
  }

  private boolean matches(int at, int skipped) {
    for (int i = skipped; i < delimiter.length; i++) {
      if (buffer[at + i - skipped] != delimiter[i]) {
        return false;
      }
    }
    return true;
  }

  private int read() throws IOException {
    fill(1);
    if (from == to) {
      throw cut();
    }
    return buffer[from++] & 0xff;
  }

  /** Has at least so many bytes in the buffer, unless the body ends. */
  private void fill(int count) throws IOException {
    if (to - from >= count) {
      return;
    }
    System.arraycopy(buffer, from, buffer, 0, to - from);
    to -= from;
    from = 0;
    while (to < count) {
      int n = in.read(buffer, to, buffer.length - to);
      if (n < 0) {
        return;
      }
      to += n;
    }
  }

  private static EOFException cut() {
    return new EOFException("the answer ends before its last boundary");
  }
}
