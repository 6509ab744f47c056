package io.t3d.core.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Small text files that stand for a large one: what a clone holds when Git LFS or git-annex has not
 * fetched the content. Readers ask here before they take a file for a damaged one of their format.
 */
public final class PointerFiles {
  /** A pointer of Git LFS is smaller than this, says its specification; one of git-annex too. */
  private static final int LONGEST = 1024;

  private static final Pattern LFS =
      Pattern.compile(
          "version https?://(git-lfs\\.github\\.com|hawser\\.github\\.com|git-media\\.io)/.*",
          Pattern.DOTALL);
  private static final Pattern SIZE = Pattern.compile("^size (\\d{1,18})\\s*$", Pattern.MULTILINE);
  private static final Pattern ANNEX =
      Pattern.compile("(/annex/objects/|\\.git/annex/objects/).*", Pattern.DOTALL);

  private PointerFiles() {}

  /**
   * What to tell of a file that is a pointer.
   *
   * @param file any; a folder or a missing file is no pointer
   * @return words that go on after the file's name; empty when it is no pointer
   * @throws IOException when the file cannot be read
   */
  public static Optional<String> problem(Path file) throws IOException {
    if (!Files.isRegularFile(file) || Files.size(file) >= LONGEST) {
      return Optional.empty();
    }
    String text;
    try (InputStream in = Files.newInputStream(file)) {
      text = new String(in.readNBytes(LONGEST), StandardCharsets.ISO_8859_1);
    }
    if (LFS.matcher(text).matches()) {
      Matcher size = SIZE.matcher(text);
      return Optional.of(
          "is a Git LFS pointer, not the file"
              + (size.find() ? " of " + size.group(1) + " bytes" : "")
              + " that it stands for; fetch that with: git lfs pull");
    }
    return ANNEX.matcher(text).matches()
        ? Optional.of(
            "is a git-annex pointer, not the file that it stands for; fetch that with: git annex"
                + " get")
        : Optional.empty();
  }

  /**
   * Refuses a pointer.
   *
   * @throws IOException naming the file when it is a pointer, or cannot be read
   */
  public static void refuse(Path file) throws IOException {
    Optional<String> problem = problem(file);
    if (problem.isPresent()) {
      throw new IOException(file + " " + problem.get());
    }
  }

  /**
   * Reads a text file.
   *
   * @return its text, without a byte order mark
   * @throws IOException naming the file when it is a pointer or a folder, is not UTF-8, or cannot
   *     be read
   */
  public static String readText(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new IOException(file + " is a folder, expected a text file"); // Java names no file
    }
    refuse(file);
    try {
      String text =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
              .toString();
      return text.startsWith("\ufeff") ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw new IOException(file + " is not text in UTF-8; save it as UTF-8, or copy it again", e);
    }
  }
}
