package io.t3d.core.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The library without the bridge, in JVMs of their own since the bridge is loaded once. */
class FallbackTest {
  @Test
  void switchedOffTheSameValuesComeFromPlainDjlAndBfloat16IsRefused() throws Exception {
    List<String> lines = probe(classPath().toList(), "-Dt3d.bridge=off");

    assertThat(lines)
        .contains("available=false", "reason=it is switched off by -Dt3d.bridge=off")
        .contains("attention=" + FallbackProbe.attention())
        .contains("patches=[1.0, 2.0, 7.0, 8.0, 3.0, 4.0, 9.0, 10.0]")
        .contains("lerp=[1.0, 1.0, 1.5]", "lerp=" + FallbackProbe.lerp())
        .contains(
            "rows=Patches in bfloat16 needs the bridge to libtorch, which is not there: it is"
                + " switched off by -Dt3d.bridge=off")
        .contains("format=[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]", "stillOpen=28.0")
        .contains(
            "bfloat16=A cast to bfloat16 needs the bridge to libtorch, which is not there: it is"
                + " switched off by -Dt3d.bridge=off")
        .contains(
            "autocast=Autocast to bfloat16 needs the bridge to libtorch, which is not there: it is"
                + " switched off by -Dt3d.bridge=off");
  }

  @Test
  void withoutThePresetsNativesOneWarningSaysWhatWhyAndWhatHelps() throws Exception {
    List<String> without =
        classPath().filter(jar -> !fileName(jar).matches("pytorch-\\d.*-\\d.*-.*64.*")).toList();

    List<String> lines = probe(without);

    assertThat(lines)
        .contains("available=false")
        .contains("attention=" + FallbackProbe.attention())
        .filteredOn(line -> line.contains("WARN io.t3d"))
        .singleElement()
        .asString()
        .contains("The bridge to libtorch is not there: attention takes a slower path")
        .contains("Why: Could not find jnitorch in class, module, and library paths; put the")
        .contains("natives for this platform on the class path: org.bytedeco:pytorch");
  }

  private static Stream<String> classPath() {
    String surefire = System.getProperty("surefire.test.class.path");
    String all = surefire == null ? System.getProperty("java.class.path") : surefire;
    return Stream.of(all.split(File.pathSeparator, -1));
  }

  private static String fileName(String path) {
    return Path.of(path).getFileName().toString();
  }

  private static List<String> probe(List<String> classPath, String... options)
      throws IOException, InterruptedException {
    List<String> command =
        Stream.of(
                Stream.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()),
                Stream.of("-Xmx256m", "-Dai.djl.offline=true"),
                Stream.of("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"),
                Stream.of(options),
                Stream.of("-cp", String.join(File.pathSeparator, classPath)),
                Stream.of(FallbackProbe.class.getName()))
            .flatMap(part -> part)
            .collect(Collectors.toList());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output.lines().toList();
  }
}
