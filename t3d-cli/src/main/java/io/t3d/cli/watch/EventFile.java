package io.t3d.cli.watch;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.CodedOutputStream;
import io.t3d.core.internal.AtomicFiles;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * An event file that TensorBoard reads: a TFRecord file of TensorFlow's {@code Event} messages.
 *
 * <p>Fields have the numbers of TensorFlow's {@code event.proto} and {@code summary.proto} and of
 * TensorBoard's {@code plugins/hparams/plugin_data.proto}; they are so few that they are written
 * one by one, without generated classes.
 */
final class EventFile implements AutoCloseable {
  /** Added to a rotated check sum, so that check sums of check sums do not go wrong (TFRecord). */
  private static final int CRC_MASK = 0xa282ead8;

  private static final String HPARAMS = "hparams";

  private final OutputStream out;
  private final Path file;

  private EventFile(Path file, OutputStream out) {
    this.file = file;
    this.out = out;
  }

  /**
   * Begins a file of its own in a folder; TensorBoard reads all files of a folder as one run.
   *
   * @param step of the first event to come. What other files tell of later steps, TensorBoard then
   *     forgets: a run that was resumed has made those again
   */
  static EventFile begin(Path folder, long step) throws IOException {
    AtomicFiles.makeFolder(folder);
    long seconds = System.currentTimeMillis() / 1000;
    long pid = ProcessHandle.current().pid();
    for (int n = 0; ; n++) {
      Path file =
          folder.resolve(
              String.format(Locale.ROOT, "events.out.tfevents.%010d.t3d.%d.%d", seconds, pid, n));
      try {
        OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW);
        EventFile events = new EventFile(file, out);
        events.event(0, event -> event.writeString(3, "brain.Event:2"));
        events.event(step, event -> message(event, 7, log -> log.writeEnum(1, 1))); // START
        return events;
      } catch (FileAlreadyExistsException e) {
        // Another of this second: the next number is free.
      }
    }
  }

  Path file() {
    return file;
  }

  /** The fields of a message. */
  @FunctionalInterface
  private interface Fields {
    void write(CodedOutputStream to) throws IOException;
  }

  private static byte[] bytes(Fields fields) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream coded = CodedOutputStream.newInstance(bytes);
    fields.write(coded);
    coded.flush();
    return bytes.toByteArray();
  }

  private static void message(CodedOutputStream to, int field, Fields fields) throws IOException {
    to.writeByteArray(field, bytes(fields));
  }

  /** Numbers of one step, by their tags. */
  void scalars(long step, Map<String, Double> values) throws IOException {
    summary(
        step,
        summary -> {
          for (Map.Entry<String, Double> entry : values.entrySet()) {
            value(
                summary,
                entry.getKey(),
                value -> value.writeFloat(2, entry.getValue().floatValue()));
          }
        });
  }

  /** A picture of one step. */
  void picture(long step, String tag, BatchPicture picture) throws IOException {
    summary(
        step,
        summary ->
            value(
                summary,
                tag,
                value ->
                    message(
                        value,
                        4,
                        image -> {
                          image.writeInt32(1, picture.height());
                          image.writeInt32(2, picture.width());
                          image.writeInt32(3, 1); // grey
                          image.writeByteArray(4, picture.png());
                        })));
  }

  /** The settings of a run, for the dashboard of hyperparameters. */
  void settings(Map<String, JsonNode> settings, double startSeconds) throws IOException {
    hparams(
        "_hparams_/session_start_info",
        data ->
            message(
                data,
                3,
                start -> {
                  for (Map.Entry<String, JsonNode> entry : settings.entrySet()) {
                    message(
                        start,
                        1,
                        pair -> {
                          pair.writeString(1, entry.getKey());
                          message(pair, 2, value -> wellKnown(value, entry.getValue()));
                        });
                  }
                  start.writeDouble(5, startSeconds);
                }));
  }

  /** {@code google.protobuf.Value}. */
  private static void wellKnown(CodedOutputStream value, JsonNode setting) throws IOException {
    if (setting.isNumber()) {
      value.writeDouble(2, setting.doubleValue());
    } else if (setting.isBoolean()) {
      value.writeBool(4, setting.booleanValue());
    } else {
      value.writeString(3, FlatSettings.text(setting));
    }
  }

  /** How a run ended, for the same dashboard. */
  void end(boolean success, double endSeconds) throws IOException {
    hparams(
        "_hparams_/session_end_info",
        data ->
            message(
                data,
                4,
                end -> {
                  end.writeEnum(1, success ? 1 : 2);
                  end.writeDouble(2, endSeconds);
                }));
  }

  private void hparams(String tag, Fields data) throws IOException {
    summary(
        0,
        summary ->
            value(
                summary,
                tag,
                value -> {
                  message(
                      value,
                      9,
                      metadata ->
                          message(
                              metadata,
                              1,
                              plugin -> {
                                plugin.writeString(1, HPARAMS);
                                plugin.writeByteArray(2, bytes(data));
                              }));
                  message(
                      value,
                      8, // one zero, which stands for nothing: TensorBoard wants a tensor here
                      tensor -> {
                        tensor.writeEnum(1, 1); // DT_FLOAT
                        message(
                            tensor, 2, shape -> message(shape, 2, size -> size.writeInt64(1, 1)));
                        tensor.writeFloat(5, 0);
                      });
                }));
  }

  private static void value(CodedOutputStream summary, String tag, Fields what) throws IOException {
    message(
        summary,
        1,
        value -> {
          value.writeString(1, tag);
          what.write(value);
        });
  }

  private void summary(long step, Fields values) throws IOException {
    event(step, event -> message(event, 5, values));
  }

  private void event(long step, Fields what) throws IOException {
    record(
        bytes(
            event -> {
              event.writeDouble(1, System.currentTimeMillis() / 1e3);
              event.writeInt64(2, step);
              what.write(event);
            }));
  }

  /** Length, its check sum, data, their check sum; little-endian. */
  private void record(byte[] data) throws IOException {
    byte[] length =
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(data.length).array();
    ByteBuffer record =
        ByteBuffer.allocate(Long.BYTES + 2 * Integer.BYTES + data.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(length)
            .putInt(masked(length))
            .put(data)
            .putInt(masked(data));
    out.write(record.array()); // in one call, so that a reader of the growing file sees it whole
  }

  private static int masked(byte[] bytes) {
    CRC32C sum = new CRC32C();
    sum.update(bytes);
    return Integer.rotateRight((int) sum.getValue(), 15) + CRC_MASK;
  }

  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
