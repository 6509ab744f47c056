package io.t3d.cli.launch;

import io.t3d.core.T3dException;
import io.t3d.core.torch.distributed.Rendezvous;
import io.t3d.pipeline.internal.CleanStop;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./t3d launch}: one training by several workers. */
@Command(
    name = "launch",
    description = "Pre-train with several workers, on one or several machines (docs/scale.md).",
    mixinStandardHelpOptions = true)
public final class LaunchCommand implements Callable<Integer> {
  @Option(
      names = "--workers",
      required = true,
      paramLabel = "N",
      description = "Worker processes on this machine.")
  private int workers;

  @Option(names = "--nodes", paramLabel = "N", description = "Machines, each with as many workers.")
  private int nodes = 1;

  @Option(
      names = "--node-rank",
      paramLabel = "K",
      description = "Which of the machines this is, from 0.")
  private int nodeRank;

  @Option(
      names = "--rendezvous",
      paramLabel = "HOST:PORT",
      description = "Where the workers meet: an address and a free port of machine 0.")
  private @Nullable String rendezvous;

  @Option(
      names = "--interface",
      paramLabel = "NAME",
      description = "Network interface or address on which the other machines reach this one.")
  private @Nullable String networkInterface;

  @Option(
      names = "--secret-file",
      paramLabel = "FILE",
      description =
          "A file with a secret that all workers must have; needed with several machines.")
  private @Nullable Path secretFile;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description =
          "How long a worker waits for the others in a call between them, their validation and"
              + " checkpoints included; an hour when left out. Killed workers are noticed earlier.")
  private @Nullable Integer timeout;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      description =
          "What carries arrays between workers: gloo, through the machine's memory. Needed by name"
              + " on GPUs, since there is no nccl.")
  private @Nullable String backend;

  @Parameters(arity = "1..*", paramLabel = "COMMAND", description = "pretrain and its options.")
  private List<String> command;

  private CommandSpec spec;

  /** What follows the command is the command's. */
  @Spec
  void spec(CommandSpec value) {
    spec = value;
    value.parser().stopAtPositional(true).stopAtUnmatched(false);
  }

  @Override
  public Integer call() throws IOException {
    check();
    String place = rendezvous == null ? "127.0.0.1:" + freePort() : rendezvous;
    String secret = secret();
    List<WorkerProcess> started = new CopyOnWriteArrayList<>(); // a hook may look at any time
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    try (CleanStop.Registration workersFirst =
        CleanStop.first(
            () -> {
              WorkerProcess.stop(started);
              return false; // their work was not finished
            })) {
      for (int local = 0; local < workers; local++) {
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put(Rendezvous.RANK, Integer.toString(nodeRank * workers + local));
        environment.put(Rendezvous.WORKERS, Integer.toString(nodes * workers));
        environment.put(Rendezvous.LOCAL_RANK, Integer.toString(local));
        environment.put(Rendezvous.PLACE, place);
        environment.put(Rendezvous.SECRET, secret);
        environment.put(LaunchedWorker.LAUNCHER, Long.toString(ProcessHandle.current().pid()));
        if (timeout != null) {
          environment.put(Rendezvous.TIMEOUT_SECONDS, timeout.toString());
        }
        if (backend != null) {
          environment.put(Rendezvous.BACKEND, backend);
        }
        if (networkInterface != null) {
          environment.put(Rendezvous.INTERFACE, networkInterface);
        }
        int rank = nodeRank * workers + local;
        started.add(WorkerProcess.start(rank, workers, local == 0, environment, command, out, err));
      }
      return new Watch(started).toTheEnd(err);
    } finally {
      WorkerProcess.stop(started);
    }
  }

  private void check() {
    if (workers < 1 || nodes < 1 || nodeRank < 0 || nodeRank >= nodes) {
      throw usage(
          "--workers and --nodes must be at least 1 and --node-rank in [0, nodes), got "
              + workers
              + ", "
              + nodes
              + " and "
              + nodeRank);
    }
    if (timeout != null && timeout < 1) {
      throw usage("--timeout must be at least 1 second, got " + timeout);
    }
    if (backend != null) {
      Rendezvous.Backend.of(backend); // refuses what cannot be had
    }
    if (!command.get(0).equals("pretrain")) {
      throw usage("launch starts pretrain, got '" + command.get(0) + "'");
    }
    if (nodes > 1 && rendezvous == null) {
      throw usage("Several machines need a place to meet: --rendezvous HOST:PORT of machine 0");
    }
    if (rendezvous != null) {
      Rendezvous.at(rendezvous, 0, 1).build(); // before processes are started
    }
  }

  private String secret() throws IOException {
    if (secretFile != null) {
      return longEnough(secretFile.toString(), Files.readString(secretFile).strip());
    }
    Optional<String> given = Optional.ofNullable(System.getenv(Rendezvous.SECRET));
    if (given.isEmpty() && nodes > 1) {
      throw usage(
          "Several machines need a secret that keeps others out: the same --secret-file on each,"
              + " e.g. of: openssl rand -hex 32");
    }
    return given.isEmpty()
        ? UUID.randomUUID().toString()
        : longEnough("the variable " + Rendezvous.SECRET, given.get());
  }

  private static String longEnough(String where, String secret) {
    if (secret.length() < Rendezvous.SECRET_LETTERS) {
      throw usage(
          where
              + " must hold a secret of at least "
              + Rendezvous.SECRET_LETTERS
              + " letters, e.g. of: openssl rand -hex 32");
    }
    return secret;
  }

  private static T3dException usage(String message) {
    return new T3dException(T3dException.Kind.USAGE, message);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
