package io.t3d.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.t3d.cli.T3dCommand;
import io.t3d.cli.command.CommandRun;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.phantom.PhantomConfig;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.TrainedModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ServeCommandTest {
  @TempDir static Path dir;
  private static Path checkpoint;
  private static Path volume;

  @BeforeAll
  static void save() throws IOException {
    checkpoint = dir.resolve("model");
    try (TrainedModel model =
        new TrainedModel(
            T3DModel.create(T3DConfig.tiny(), Device.cpu(), 42),
            PretrainConfig.tiny().data(),
            Optional.empty())) {
      model.save(checkpoint);
    }
    PhantomConfig coarse = new PhantomConfig(9, 11, 20, 5, List.of("LPS"), Map.of());
    volume =
        Manifest.read(PhantomDataset.write(dir.resolve("ct"), 1, 1, coarse, 1))
            .rows()
            .get(0)
            .volume();
  }

  @Test
  void settingsThatDoNotFitAreTheUsersMistake() throws IOException {
    CommandRun open = CommandRun.of("serve", "--checkpoint", checkpoint, "--host", "0.0.0.0");
    assertThat(open.exitCode()).isEqualTo(1);
    assertThat(open.err()).contains("needs a token").doesNotContain("bug");
    CommandRun half = CommandRun.of("serve", "--checkpoint", checkpoint, "--tls-key", volume);
    assertThat(half.err()).contains("--tls-cert and --tls-key belong together");
    Path token = Files.writeString(dir.resolve("token"), "short\n");
    CommandRun weak = CommandRun.of("serve", "--checkpoint", checkpoint, "--token-file", token);
    assertThat(weak.err()).contains("16 characters, got 5").doesNotContain("short");
    CommandRun lost = CommandRun.of("serve", "--checkpoint", checkpoint, "--auth-basic", token);
    assertThat(lost.exitCode()).isEqualTo(1);
    assertThat(lost.err()).contains("need --dicomweb URL");
    CommandRun odd = CommandRun.of("serve", "--checkpoint", checkpoint, "--dicomweb", "pacs");
    assertThat(odd.exitCode()).isEqualTo(1);
    assertThat(odd.err()).contains("begins with http:// or https://");
    CommandRun none = CommandRun.of("serve", "--checkpoint", checkpoint, "--decoder", dir);
    assertThat(none.exitCode()).isEqualTo(1);
    assertThat(none.err()).doesNotContain("bug");
  }

  @Test
  void theReadmesCommandIsUnderstood() throws IOException {
    List<String> lines =
        Files.readAllLines(Path.of("../README.md")).stream()
            .filter(l -> l.startsWith("./t3d serve "))
            .toList();
    assertThat(lines).isNotEmpty();
    for (String line : lines) {
      String[] words = line.replaceFirst(" *(&|#).*", "").split(" +", -1);
      new CommandLine(new T3dCommand()).parseArgs(Arrays.copyOfRange(words, 1, words.length));
    }
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void sigtermFinishesWhatRunsAndEndsWithZero() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-Dai.djl.offline=true",
                "-DOPT_OUT_TRACKING=true",
                "-cp",
                System.getProperty("java.class.path"),
                T3dCommand.class.getName(),
                "serve",
                "--checkpoint",
                checkpoint.toString(),
                "--port",
                "0")
            .redirectError(dir.resolve("serve.err").toFile())
            .start();
    try (BufferedReader out = process.inputReader()) {
      String line = out.readLine();
      assertThat(line).as(Files.readString(dir.resolve("serve.err"))).startsWith("serving on http");
      URI address = URI.create(line.replaceFirst("serving on ([^,]*),.*", "$1"));
      HttpClient http = HttpClient.newHttpClient();
      CompletableFuture<HttpResponse<String>> answer =
          http.sendAsync(
              HttpRequest.newBuilder(address.resolve("/v1/embed"))
                  .POST(BodyPublishers.ofFile(volume))
                  .build(),
              BodyHandlers.ofString());
      HttpRequest metrics = HttpRequest.newBuilder(address.resolve("/metrics")).build();
      while (!answer.isDone()
          && !http.send(metrics, BodyHandlers.ofString())
              .body()
              .contains("t3d_requests_inside 1.0")) {
        Thread.sleep(1);
      }
      process.destroy();
      assertThat(answer.get(60, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isZero();
    } finally {
      process.destroyForcibly();
    }
  }
}
