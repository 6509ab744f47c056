package io.t3d.core.internal.weights;

import io.t3d.core.internal.weights.Unpickler.Storage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * PyTorch's zip archive: {@code NAME/data.pkl}, {@code NAME/data/KEY} per storage, {@code
 * NAME/byteorder}.
 */
final class ZipStorages implements TorchFile.StorageReader {
  private static final String PICKLE = "data.pkl";

  private final Path file;
  private final ZipFile zip;
  private final String folder; // ends with a slash, or is empty

  ZipStorages(Path file) throws IOException {
    this.file = file;
    try {
      zip = new ZipFile(file.toFile());
    } catch (ZipException e) {
      throw new IOException(
          file + " is a damaged zip archive (" + e.getMessage() + "); is the file complete?", e);
    }
    try {
      folder = findFolder();
    } catch (IOException e) {
      zip.close();
      throw e;
    }
  }

  static boolean isZip(byte[] start) {
    return start.length >= 4 && start[0] == 'P' && start[1] == 'K' && start[2] == 3;
  }

  private String findFolder() throws IOException {
    List<String> pickles =
        zip.stream()
            .map(ZipEntry::getName)
            .filter(n -> n.equals(PICKLE) || n.endsWith("/" + PICKLE))
            .toList();
    if (pickles.size() != 1) {
      throw new IOException(
          file + " is a zip archive, but not one of torch.save: it must hold one data.pkl");
    }
    String name = pickles.get(0);
    String found = name.substring(0, name.length() - PICKLE.length());
    if (zip.getEntry(found + "constants.pkl") != null) {
      throw new IOException(
          file
              + " is a TorchScript archive, which holds code; save the weights alone in Python:"
              + " torch.save(model.state_dict(), FILE)");
    }
    ZipEntry order = zip.getEntry(found + "byteorder");
    if (order != null
        && !new String(read(order), StandardCharsets.UTF_8).strip().equals("little")) {
      throw new IOException(file + " was saved on a big-endian machine, which is not supported");
    }
    return found;
  }

  @Override
  public Object root() throws IOException {
    return new Unpickler(file.toString(), ByteBuffer.wrap(read(entry(PICKLE)))).read();
  }

  @Override
  public byte[] bytes(Storage storage) throws IOException {
    return read(entry("data/" + storage.key()));
  }

  private ZipEntry entry(String name) throws IOException {
    ZipEntry entry = zip.getEntry(folder + name);
    if (entry == null) {
      throw new IOException(file + " is damaged: the archive has no entry " + folder + name);
    }
    return entry;
  }

  private byte[] read(ZipEntry entry) throws IOException {
    if (entry.getSize() > Integer.MAX_VALUE - 8) {
      throw new IOException(
          file + ": " + entry.getName() + " is larger than 2 GiB, which is not supported");
    }
    try (InputStream in = zip.getInputStream(entry)) {
      // Of a stored entry the archive holds all bytes, so that its size is no empty promise;
      // without
      // it, reading takes twice the memory.
      return entry.getMethod() == ZipEntry.STORED
          ? in.readNBytes((int) entry.getSize())
          : in.readAllBytes();
    } catch (ZipException e) {
      throw new IOException(file + " is damaged: " + entry.getName() + " cannot be read", e);
    }
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }
}
