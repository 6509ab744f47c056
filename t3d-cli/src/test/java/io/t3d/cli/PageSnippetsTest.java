package io.t3d.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.cli.notebook.NotebookRunner;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every block of Java in the pages compiles against the library as it is. */
class PageSnippetsTest {
  private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  /** What the blocks that stand without imports take for granted. */
  private static final List<String> PACKAGES =
      List.of(
          "ai.djl",
          "ai.djl.ndarray",
          "io.t3d.core.config",
          "io.t3d.core.model",
          "io.t3d.core.task.retrieve",
          "io.t3d.core.task.segment",
          "io.t3d.core.torch",
          "io.t3d.core.torch.distributed",
          "io.t3d.core.train",
          "io.t3d.core.volume",
          "io.t3d.data.io",
          "io.t3d.data.io.spi",
          "io.t3d.data.itk",
          "io.t3d.data.load",
          "io.t3d.data.prepare",
          "io.t3d.losses",
          "io.t3d.pipeline",
          "io.t3d.pipeline.organ",
          "io.t3d.pipeline.segment",
          "io.t3d.serve",
          "io.t3d.serve.config",
          "io.t3d.serve.view",
          "java.nio.file",
          "java.util");

  /** What the text around a block says is there. */
  private static final Map<String, String> AROUND =
      Map.of(
          "docs/retrieval.md, block 0", "TrainedModel model",
          "docs/retrieval.md, block 1", "MappedIndex gallery",
          "docs/natives-itk.md, block 0", "Path folder",
          "docs/scale.md, block 0",
              "PretrainConfig config, Path manifest, Path out, int rank, String secret",
          "docs/segmentation.md, block 0",
              "T3DModel model, List<SegmentationClass> classes, List<SegmentationCase> cases,"
                  + " Preprocessing preprocessing, Volume volume");

  /** Blocks for libraries that this module does not have. */
  private static final List<String> ELSEWHERE = List.of("EmbeddingStore<", "T3DSpark");

  private record Block(String page, int number, String source) {
    @Override
    public String toString() {
      return page + ", block " + number;
    }
  }

  static List<Block> blocks() throws IOException {
    List<Block> all = new ArrayList<>();
    Path root = Path.of("..");
    List<Path> pages = new ArrayList<>(List.of(root.resolve("README.md")));
    try (Stream<Path> files = Files.list(root.resolve("docs"))) {
      files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(pages::add);
    }
    for (Path page : pages) {
      List<String> own =
          BLOCK.matcher(Files.readString(page)).results().map(m -> m.group(1)).toList();
      for (int i = 0; i < own.size(); i++) {
        all.add(new Block(root.relativize(page).toString(), i, own.get(i)));
      }
    }
    assertThat(all).hasSizeGreaterThan(12);
    all.removeIf(block -> ELSEWHERE.stream().anyMatch(block.source()::contains));
    assertThat(all).hasSizeGreaterThan(10);
    return all;
  }

  @ParameterizedTest
  @MethodSource("blocks")
  void everyBlockCompiles(Block block, @TempDir Path classes) {
    String imports =
        PACKAGES.stream().map(name -> "import " + name + ".*;\n").collect(Collectors.joining());
    String own =
        block.source().lines().filter(l -> l.startsWith("import ")).collect(Collectors.joining());
    String body =
        block
            .source()
            .lines()
            .filter(line -> !line.startsWith("import "))
            .map(line -> line.replace("…", ""))
            .collect(Collectors.joining("\n"));
    String code =
        (own.isEmpty() ? imports : own.replace(";", ";\n"))
            + "class Snippet {\n  void run("
            + AROUND.getOrDefault(block.toString(), "")
            + ") throws Exception {\n"
            + body
            + "\n  }\n}\n";
    assertThat(errors(code, classes)).as(code).isEmpty();
  }

  private static List<String> errors(String code, Path classes) {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    JavaFileObject source =
        new SimpleJavaFileObject(URI.create("string:///Snippet.java"), JavaFileObject.Kind.SOURCE) {
          @Override
          public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return code;
          }
        };
    List<String> options =
        List.of(
            "-proc:none",
            "-d",
            classes.toString(),
            "-classpath",
            NotebookRunner.currentClassPath());
    boolean good =
        compiler.getTask(new StringWriter(), null, found, options, null, List.of(source)).call();
    return good
        ? List.of()
        : found.getDiagnostics().stream()
            .map(d -> d.getLineNumber() + ": " + d.getMessage(null))
            .toList();
  }
}
