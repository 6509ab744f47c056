package io.t3d.data.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Runs a program of Debian's and takes what it prints. */
final class Tool {
  private Tool() {}

  static String run(Object... command) throws IOException, InterruptedException {
    List<String> words = java.util.Arrays.stream(command).map(Object::toString).toList();
    Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("exit of %s: %s", words, text).isZero();
    return text;
  }
}
