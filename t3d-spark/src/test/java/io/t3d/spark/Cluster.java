package io.t3d.spark;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.SparkSession;

/** A standalone cluster on this machine: a master and workers, each a process of its own. */
final class Cluster implements AutoCloseable {
  private static final int START_SECONDS = 120;

  private final Path dir;
  private final int port;
  private final List<Process> processes = new ArrayList<>();

  Cluster(Path dir) throws IOException, InterruptedException {
    this.dir = Files.createDirectories(dir);
    Files.createDirectories(dir.resolve("home/jars"));
    this.port = freePort();
    start(
        "master",
        "org.apache.spark.deploy.master.Master",
        List.of("--host", "127.0.0.1", "--port", "" + port, "--webui-port", "0"));
    waitForMaster();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** One core, so one task at a time. */
  Process addWorker(String name) throws IOException {
    return start(
        name,
        "org.apache.spark.deploy.worker.Worker",
        List.of(
            "--host",
            "127.0.0.1",
            "--cores",
            "1",
            "--memory",
            "1g",
            "--webui-port",
            "0",
            "--work-dir",
            dir.resolve("work-" + name).toString(),
            "spark://127.0.0.1:" + port));
  }

  private Process start(String name, String main, List<String> args) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1"));
    command.addAll(javaOptions());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
    command.addAll(args);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("SPARK_HOME", dir.resolve("home").toString());
    builder.environment().put("SPARK_SCALA_VERSION", "2.13");
    builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
    Process process =
        builder
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve(name + ".log").toFile())
            .start();
    processes.add(process);
    return process;
  }

  private static List<String> javaOptions() {
    return List.of(System.getProperty("t3d.spark.java.options").trim().split("\\s+"));
  }

  private void waitForMaster() throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (System.nanoTime() < end) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return;
      } catch (IOException e) {
        Thread.sleep(200);
      }
    }
    throw new IOException("No master: " + Files.readString(dir.resolve("master.log")));
  }

  /** A session whose driver is this JVM; executors compute with as many threads as it does. */
  SparkSession.Builder session() {
    String own = System.getenv("OMP_NUM_THREADS");
    String threads = own == null ? "" + Runtime.getRuntime().availableProcessors() : own;
    return SparkSession.builder()
        .master("spark://127.0.0.1:" + port)
        .appName("t3d-cluster-test")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.executor.memory", "700m")
        .config("spark.executor.cores", "1")
        // Nothing begins before both workers are there.
        .config("spark.cores.max", "2")
        .config("spark.scheduler.minRegisteredResourcesRatio", "1.0")
        .config("spark.scheduler.maxRegisteredResourcesWaitingTime", "120s")
        .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
        .config("spark.executor.extraJavaOptions", "-XX:TieredStopAtLevel=1 -Dai.djl.offline=true")
        .config("spark.executorEnv.OMP_NUM_THREADS", threads)
        .config("spark.executorEnv.OMP_WAIT_POLICY", "passive")
        .config(Slices.VOLUMES_PER_TASK, "8");
  }

  /** Ends a process and all that it has started, at once. */
  static void kill(Process process) {
    List<ProcessHandle> children = process.descendants().toList();
    process.destroyForcibly();
    children.forEach(ProcessHandle::destroyForcibly);
  }

  @Override
  public void close() {
    processes.forEach(Cluster::kill);
  }
}
