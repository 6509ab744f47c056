package io.t3d.examples;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.TrainedModel;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script for JBang compiles against the library of this build and does what it says. */
class JbangScriptTest {
  private static final Path SCRIPT = Path.of("jbang/Embed.java");

  @TempDir Path dir;

  @Test
  void itPrintsTheVectorOfEachScan() throws Exception {
    Path data = dir.resolve("phantoms");
    PhantomDataset.write(data, 2, 5);
    List<Path> scans =
        Manifest.read(data.resolve("manifest.csv")).rows().stream()
            .map(ManifestRow::volume)
            .toList();
    Path checkpoint = dir.resolve("checkpoint");
    float[][] expected;
    try (TrainedModel model =
        new TrainedModel(
            T3DModel.create(T3DConfig.tiny(), Device.cpu(), 3),
            PretrainConfig.tiny().data(),
            Optional.empty())) {
      Files.createDirectories(checkpoint);
      model.save(checkpoint);
      expected = model.embed(scans);
    }

    List<String> lines = run(Stream.concat(Stream.of(checkpoint), scans.stream())).lines().toList();

    assertThat(lines).hasSameSizeAs(scans);
    for (int i = 0; i < lines.size(); i++) {
      String path = "\"" + scans.get(i) + "\",";
      assertThat(lines.get(i)).startsWith(path);
      String[] numbers = lines.get(i).substring(path.length()).split(",");
      assertThat(Stream.of(numbers).map(Float::valueOf))
          .containsExactlyElementsOf(boxed(expected[i]));
    }
  }

  private static List<Float> boxed(float[] vector) {
    return IntStream.range(0, vector.length).mapToObj(e -> vector[e]).toList();
  }

  private String run(Stream<Path> arguments) throws Exception {
    Path classes = Files.createDirectories(dir.resolve("classes"));
    String classPath = System.getProperty("java.class.path");
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    int code =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                said,
                said,
                "-proc:none",
                "-d",
                classes.toString(),
                "-cp",
                classPath,
                SCRIPT.toString());
    assertThat(code).as(said.toString(StandardCharsets.UTF_8)).isZero();
    PrintStream before = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {classes.toUri().toURL()})) {
      System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
      Method main = loader.loadClass("Embed").getDeclaredMethod("main", String[].class);
      main.setAccessible(true);
      main.invoke(null, (Object) arguments.map(Path::toString).toArray(String[]::new));
    } finally {
      System.setOut(before);
    }
    return printed.toString(StandardCharsets.UTF_8);
  }

  @Test
  void itAsksForTheVersionOfThisBuild() throws Exception {
    String version =
        found("(?s)<artifactId>t3d-parent</artifactId>\\s*<version>([^<]+)", "pom.xml");
    assertThat(found("//DEPS io.t3d:t3d-pipeline:(\\S+)", SCRIPT.toString())).isEqualTo(version);
  }

  private static String found(String pattern, String file) throws Exception {
    Matcher matcher = Pattern.compile(pattern).matcher(Files.readString(Path.of(file)));
    assertThat(matcher.find()).as(pattern).isTrue();
    return matcher.group(1);
  }
}
