package io.t3d.cli.serve;

import io.t3d.cli.option.CheckpointOption;
import io.t3d.cli.option.DicomWebAuth;
import io.t3d.cli.option.Given;
import io.t3d.core.T3dException;
import io.t3d.data.dicomweb.DicomWebSettings;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.internal.CleanStop;
import io.t3d.serve.T3dServer;
import io.t3d.serve.config.ServeSettings;
import io.t3d.serve.config.TlsFiles;
import io.t3d.serve.config.UploadLimits;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./t3d serve}: a trained model over HTTP, until it is stopped. */
@Command(
    name = "serve",
    description = {
      "Serve a trained model over HTTP: vectors, findings, retrieval, masks and reports.",
      "Ctrl-C or SIGTERM stops it: what runs is finished first. docs/serve.md"
    },
    mixinStandardHelpOptions = true)
public final class ServeCommand implements Callable<Integer> {
  private static final long MEBIBYTE = 1L << 20;

  @Mixin private CheckpointOption checkpoint;

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description =
          "Where to listen; an address that other machines reach needs --token-file"
              + " (${DEFAULT-VALUE}).")
  private String host;

  @Option(
      names = "--port",
      paramLabel = "N",
      defaultValue = "8080",
      description = "0 takes a free one (${DEFAULT-VALUE}).")
  private int port;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description = "A file with the token that clients must send, as Authorization: Bearer TOKEN.")
  private @Nullable Path tokenFile;

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      description = "Speak TLS with this certificate chain, PEM; with --tls-key.")
  private @Nullable Path certificate;

  @Option(names = "--tls-key", paramLabel = "FILE", description = "Its private key, PEM.")
  private @Nullable Path key;

  @Option(
      names = "--root",
      paramLabel = "DIR",
      description = "Requests may name volumes below this folder by path (default: none).")
  private @Nullable Path root;

  @Option(
      names = "--dicomweb",
      paramLabel = "URL",
      description =
          "Requests may name series of this archive by their UIDs, e.g."
              + " https://pacs.example/dicom-web (default: none).")
  private @Nullable String archive;

  @Mixin private DicomWebAuth auth;

  @Option(
      names = "--segmenter",
      paramLabel = "DIR",
      description = "The --out folder of t3d segment train, for /v1/segment.")
  private @Nullable Path segmenter;

  @Option(
      names = "--decoder",
      paramLabel = "DIR",
      description = "The --out folder of t3d generate, for /v1/report.")
  private @Nullable Path decoder;

  @Option(
      names = "--gallery",
      paramLabel = "FILE",
      description = "What /v1/retrieve searches: files of t3d embed, in order.")
  private List<Path> gallery = List.of();

  @Option(
      names = "--max-batch",
      paramLabel = "N",
      defaultValue = "8",
      description =
          "Requests that are encoded together, at most; 1 gives the bits of t3d embed of one volume"
              + " (${DEFAULT-VALUE}).")
  private int maxBatch;

  @Option(
      names = "--max-wait-ms",
      paramLabel = "MS",
      defaultValue = "20",
      description =
          "How long the first of a batch waits for others that are being read (${DEFAULT-VALUE}).")
  private int maxWait;

  @Option(
      names = "--queue",
      paramLabel = "N",
      defaultValue = "64",
      description = "Requests in the house, at most; others get 429 (${DEFAULT-VALUE}).")
  private int queue;

  @Option(
      names = "--readers",
      paramLabel = "N",
      description =
          "Volumes that are read at a time, each in memory (default: one per core, 8 at"
              + " most).")
  private @Nullable Integer readers;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "120",
      description = "Of a request, from its first byte to its answer (${DEFAULT-VALUE}).")
  private double timeout;

  @Option(
      names = "--stop-within",
      paramLabel = "SECONDS",
      defaultValue = "30",
      description = "How long a stop waits for what runs (${DEFAULT-VALUE}).")
  private double stopWithin;

  @Option(
      names = "--max-upload-mb",
      paramLabel = "MB",
      defaultValue = "512",
      description = "A request's body, at most, MiB (${DEFAULT-VALUE}).")
  private long maxUpload;

  @Option(
      names = "--max-unpacked-mb",
      paramLabel = "MB",
      defaultValue = "1024",
      description = "What a gzip or a zip unpacks to, at most, MiB (${DEFAULT-VALUE}).")
  private long maxUnpacked;

  @Option(
      names = "--max-entries",
      paramLabel = "N",
      defaultValue = "5000",
      description = "Files of a zip, at most (${DEFAULT-VALUE}).")
  private int maxEntries;

  @Option(
      names = "--temporary",
      paramLabel = "DIR",
      description = "For uploads, each gone with its request (default: the system's).")
  private @Nullable Path temporary;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    String token = tokenFile == null ? null : Files.readString(tokenFile).strip();
    DicomWebSettings web = archive();
    ServeSettings settings = Given.by(() -> settings(token, web));
    CountDownLatch stopped = new CountDownLatch(1);
    try (TrainedModel model = checkpoint.open();
        T3dServer server = start(model, settings);
        CleanStop.Registration stop =
            CleanStop.first(
                () -> {
                  boolean clean = server.stop();
                  if (clean) {
                    stopped.countDown();
                  } // else something works with the model still: it must not be closed
                  return clean;
                })) {
      PrintWriter out = spec.commandLine().getOut();
      out.println("serving on " + server.address() + ", described in /openapi.json");
      out.flush();
      stopped.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return 0;
  }

  private T3dServer start(TrainedModel model, ServeSettings settings) throws IOException {
    T3dServer.Builder builder =
        T3dServer.builder(model)
            .settings(settings)
            .checkpoint(checkpoint.folder())
            .gallery(gallery);
    if (segmenter != null) {
      builder.segmenter(segmenter);
    }
    if (decoder != null) {
      builder.decoder(decoder);
    }
    return builder.start();
  }

  /** A client waits for the answer: what does not come soon is told as a problem. */
  private @Nullable DicomWebSettings archive() throws IOException {
    if (archive == null) {
      if (auth.isGiven()) {
        throw new T3dException(
            T3dException.Kind.USAGE, "--auth-basic and --auth-bearer need --dicomweb URL");
      }
      return null;
    }
    return auth.settings(archive).withRetries(2, Duration.ofMillis(500));
  }

  private ServeSettings settings(@Nullable String token, @Nullable DicomWebSettings web) {
    ServeSettings.Builder builder =
        ServeSettings.builder()
            .host(host)
            .port(port)
            .maxBatch(maxBatch)
            .maxWait(Duration.ofMillis(maxWait))
            .queue(queue)
            .timeout(Duration.ofMillis(Math.round(1000 * timeout)))
            .stopWithin(Duration.ofMillis(Math.round(1000 * stopWithin)))
            .upload(new UploadLimits(maxUpload * MEBIBYTE, maxUnpacked * MEBIBYTE, maxEntries));
    if (token != null) {
      builder.token(token);
    }
    if ((certificate == null) != (key == null)) {
      throw new T3dException(
          T3dException.Kind.USAGE, "--tls-cert and --tls-key belong together; give both or none");
    }
    if (certificate != null && key != null) {
      builder.tls(new TlsFiles(certificate, key));
    }
    if (root != null) {
      builder.root(root);
    }
    if (web != null) {
      builder.archive(web);
    }
    if (readers != null) {
      builder.readers(readers);
    }
    if (temporary != null) {
      builder.temporary(temporary);
    }
    return builder.build();
  }
}
