package io.t3d.core.torch.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.TorchEngine;
import io.t3d.core.torch.distributed.internal.Agreement;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Workers as threads of this JVM: each has a group object of its own, as a process would. */
@Timeout(120)
class ProcessGroupTest {
  @TempDir private Path folder;

  /** What each worker does. */
  private interface Work<T> {
    T of(ProcessGroup group, NDManager manager) throws Exception;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static Rendezvous.Builder tcp(int port, int rank, int size) {
    return Rendezvous.tcp("127.0.0.1", port, rank, size)
        .joinTimeout(Duration.ofSeconds(20))
        .timeout(Duration.ofSeconds(60));
  }

  @Test
  void sumsGoOnWhileOthersAreBegunAndEachIsWholeWhenItIsAwaited() throws Exception {
    int port = freePort();
    List<Callable<List<Float>>> workers = new ArrayList<>();
    for (int rank = 0; rank < 3; rank++) {
      Rendezvous place = tcp(port, rank, 3).build();
      workers.add(
          () -> {
            try (NDManager manager = TorchEngine.get().newBaseManager(Device.cpu());
                ProcessGroup group = ProcessGroup.join(place)) {
              List<NDArray> arrays = new ArrayList<>();
              List<ProcessGroup.Pending> begun = new ArrayList<>();
              for (int i = 0; i < 5; i++) {
                NDArray array = manager.ones(new Shape(100_000)).mul(group.rank() + 10 * i);
                arrays.add(array);
                begun.add(group.beginAllReduceSum(array));
              }
              begun.forEach(ProcessGroup.Pending::await);
              long before = group.traffic().calls();
              assertThat(before).isGreaterThanOrEqualTo(5);
              List<Float> sums = new ArrayList<>();
              for (NDArray array : arrays) {
                assertThat(array.min().getFloat()).isEqualTo(array.max().getFloat());
                sums.add(array.getFloat(0));
              }
              group.barrier();
              return sums;
            }
          });
    }
    assertThat(inThreads(workers)).containsOnly(List.of(3f, 33f, 63f, 93f, 123f));
  }

  @Test
  void gpusNeedGlooByNameSinceThereIsNoNccl() throws Exception {
    for (boolean asked : new boolean[] {false, true}) {
      int port = freePort();
      List<Callable<Boolean>> workers = new ArrayList<>();
      for (int rank = 0; rank < 2; rank++) {
        Rendezvous.Builder place = tcp(port, rank, 2);
        if (asked) {
          place.backend(Rendezvous.Backend.GLOO);
        }
        workers.add(
            () -> {
              try (ProcessGroup group = ProcessGroup.join(place.build())) {
                group.requireDevice(Device.cpu());
                if (asked) {
                  group.requireDevice(Device.gpu());
                } else {
                  assertThatThrownBy(() -> group.requireDevice(Device.gpu(1)))
                      .isInstanceOf(T3dException.class)
                      .hasMessageStartingWith("Several workers on GPUs need NCCL: ");
                }
                group.barrier();
                return true;
              }
            });
      }
      assertThat(inThreads(workers)).containsOnly(true);
    }
    ProcessGroup.single().requireDevice(Device.gpu());
    assertThatThrownBy(() -> tcp(1, 0, 2).backend(Rendezvous.Backend.NCCL).build())
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("NCCL is not in the CUDA natives");
  }

  private static <T> List<T> inThreads(List<Callable<T>> tasks) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(tasks.size());
    try {
      List<Future<T>> futures = new ArrayList<>();
      tasks.forEach(task -> futures.add(threads.submit(task)));
      List<T> out = new ArrayList<>();
      for (Future<T> future : futures) {
        out.add(future.get(60, TimeUnit.SECONDS));
      }
      return out;
    } finally {
      threads.shutdownNow();
    }
  }

  private static <T> Callable<T> worker(Rendezvous rendezvous, Work<T> work) {
    return () -> {
      try (ProcessGroup group = ProcessGroup.join(rendezvous);
          NDManager manager = TorchEngine.get().newBaseManager()) {
        return work.of(group, manager);
      }
    };
  }

  private static <T> List<T> together(int size, Work<T> work) throws Exception {
    int port = freePort();
    List<Callable<T>> tasks = new ArrayList<>();
    for (int r = 0; r < size; r++) {
      tasks.add(worker(tcp(port, r, size).build(), work));
    }
    return inThreads(tasks);
  }

  private static Throwable failureOf(Callable<?> task) {
    try {
      task.call();
      return new AssertionError("nothing was thrown");
    } catch (ExecutionException e) {
      return e.getCause();
    } catch (Exception e) {
      return e;
    }
  }

  @Test
  void sumsOfFloatsWholeNumbersAndBfloat16AreThoseOfAllWorkers() throws Exception {
    List<List<Double>> sums =
        together(
            3,
            (group, manager) -> {
              int r = group.rank();
              NDArray floats = manager.create(new float[] {r, 0.5f, -2f * r});
              group.allReduceSum(floats);
              NDArray numbers = manager.create(new long[] {r, 1L << 40});
              group.allReduceSum(numbers);
              NDArray half = Casts.toBfloat16(manager.create(new float[] {r + 1f, 3f}));
              group.allReduceSum(half);
              float[] f = floats.toFloatArray();
              long[] n = numbers.toLongArray();
              float[] h = Casts.toFloat32(half).toFloatArray();
              return List.of(
                  (double) f[0],
                  (double) f[1],
                  (double) f[2],
                  (double) n[0],
                  (double) n[1],
                  (double) h[0],
                  (double) h[1]);
            });
    List<Double> expected = List.of(3.0, 1.5, -6.0, 3.0, 3.0 * (1L << 40), 6.0, 9.0);
    assertThat(sums).containsExactly(expected, expected, expected);
  }

  @Test
  void arraysThatAreNotContiguousAreSummedInPlace() throws Exception {
    List<float[]> sums =
        together(
            2,
            (group, manager) -> {
              NDArray turned = manager.arange(6f).reshape(2, 3).transpose(); // (3, 2)
              NDArray all = turned.add(group.rank());
              NDArray view = all.transpose();
              group.allReduceSum(view);
              return view.toFloatArray();
            });
    assertThat(sums.get(0)).containsExactly(1, 3, 5, 7, 9, 11);
    assertThat(sums.get(1)).containsExactly(1, 3, 5, 7, 9, 11);
  }

  @Test
  void theRootsValuesReachAll() throws Exception {
    List<float[]> values =
        together(
            2,
            (group, manager) -> {
              NDArray x = manager.full(new Shape(2, 2), group.rank() + 7f, DataType.FLOAT32);
              group.broadcast(x, 1);
              return x.toFloatArray();
            });
    assertThat(values.get(0)).containsExactly(8, 8, 8, 8);
    assertThat(values.get(1)).containsExactly(8, 8, 8, 8);
  }

  @Test
  void gatheredArraysStandInTheOrderOfRanksAndPartsOfSumsAreEachWorkersOwn() throws Exception {
    List<List<float[]>> values =
        together(
            2,
            (group, manager) -> {
              NDArray own = manager.create(new float[] {group.rank(), 10}, new Shape(1, 2));
              NDArray all = group.allGather(own);
              assertThat(all.getShape()).isEqualTo(new Shape(2, 1, 2));
              NDArray part = group.reduceScatter(manager.arange(4f).reshape(4, 1));
              assertThat(part.getShape()).isEqualTo(new Shape(2, 1));
              return List.of(all.toFloatArray(), part.toFloatArray());
            });
    for (List<float[]> each : values) {
      assertThat(each.get(0)).containsExactly(0, 10, 1, 10);
    }
    assertThat(values.get(0).get(1)).containsExactly(0, 2);
    assertThat(values.get(1).get(1)).containsExactly(4, 6);
  }

  @Test
  void textsOfDifferentLengthsAreGathered() throws Exception {
    List<List<String>> texts =
        together(
            3,
            (group, manager) ->
                group.allGather(group.rank() == 1 ? "" : "Lunge ü".repeat(1 + group.rank())));
    List<String> expected = List.of("Lunge ü", "", "Lunge üLunge üLunge ü");
    assertThat(texts).containsExactly(expected, expected, expected);
  }

  @Test
  void whatTravelsIsCountedAndItsMemoryIsGivenBack() throws Exception {
    List<ProcessGroup.Traffic> traffic =
        together(
            2,
            (group, manager) -> {
              ProcessGroup.Traffic before = group.traffic();
              for (int i = 0; i < 400; i++) { // 16 MB each: 6.4 GB, were they kept
                try (NDManager scope = manager.newSubManager()) {
                  group.allReduceSum(scope.ones(new Shape(4_000_000)));
                }
              }
              return group.traffic().since(before);
            });
    assertThat(traffic.get(0).bytes()).isEqualTo(400L * 16_000_000);
    assertThat(traffic.get(0).calls()).isEqualTo(400);
    assertThat(traffic.get(0).seconds()).isPositive();
    assertThat(residentMegabytes()).isLessThan(2500);
  }

  private static long residentMegabytes() throws IOException {
    return java.nio.file.Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) >> 10)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void workersMeetInAFile() throws Exception {
    Path file = folder.resolve("a-name-of-more-than-fifteen-letters");
    List<Callable<float[]>> tasks = new ArrayList<>();
    for (int r = 0; r < 2; r++) {
      Rendezvous rendezvous =
          Rendezvous.file(file, r, 2).joinTimeout(Duration.ofSeconds(20)).secret("s").build();
      tasks.add(
          worker(
              rendezvous,
              (group, manager) -> {
                NDArray x = manager.ones(new Shape(1));
                group.allReduceSum(x);
                return x.toFloatArray();
              }));
    }
    assertThat(inThreads(tasks)).containsExactly(new float[] {2}, new float[] {2});
  }

  @Test
  void aFileOfAnEarlierRunIsRefused() {
    Path file = folder.resolve("meeting");
    Rendezvous alone = Rendezvous.file(file, 0, 2).joinTimeout(Duration.ofSeconds(1)).build();
    assertThatThrownBy(() -> ProcessGroup.join(alone)).hasMessageContaining("no word of worker 1");
    assertThatThrownBy(() -> ProcessGroup.join(alone))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("or the file is of an earlier run; give an absent file");
  }

  @Test
  void eachWorkerMayHaveAnAddressOfItsOwn() throws Exception {
    int port = freePort();
    List<Callable<Long>> tasks = new ArrayList<>();
    for (int r = 0; r < 2; r++) {
      Rendezvous rendezvous =
          tcp(port, r, 2).networkInterface(r == 0 ? "127.0.0.1" : "127.0.0.2").build();
      tasks.add(
          worker(
              rendezvous,
              (group, manager) -> {
                NDArray x = manager.create(new long[] {5});
                group.allReduceSum(x);
                return x.toLongArray()[0];
              }));
    }
    assertThat(inThreads(tasks)).containsExactly(10L, 10L);
  }

  @Test
  void aGroupOfOneLeavesArraysAsTheyAre() {
    try (ProcessGroup group = ProcessGroup.single();
        NDManager manager = TorchEngine.get().newBaseManager()) {
      NDArray x = manager.create(new float[] {1, 2});
      group.allReduceSum(x);
      group.broadcast(x, 0);
      group.barrier();
      assertThat(group.rank()).isZero();
      assertThat(group.size()).isEqualTo(1);
      assertThat(group.allGather(x).getShape()).isEqualTo(new Shape(1, 2));
      assertThat(group.reduceScatter(x).toFloatArray()).containsExactly(1, 2);
      assertThat(group.allGather("a")).containsExactly("a");
    }
  }

  @Test
  void aTypeThatDoesNotTravelIsRefused() throws Exception {
    List<String> messages =
        together(
            2,
            (group, manager) ->
                failureOf(
                        () -> {
                          group.allReduceSum(manager.zeros(new Shape(1), DataType.FLOAT64));
                          return null;
                        })
                    .getMessage());
    assertThat(messages.get(0))
        .isEqualTo(
            "array must be float32, bfloat16, int64 or uint8 to travel between workers, got"
                + " Double");
  }

  @Test
  void aWorkerThatIsGoneIsNamedByAllOthersWithinHalfAMinute() throws Exception {
    long begin = System.nanoTime();
    List<String> messages =
        together(
            3,
            (group, manager) -> {
              group.barrier();
              if (group.rank() == 1) {
                ((GlooGroup) group).vanish();
                return "";
              }
              return failureOf(
                      () -> {
                        while (true) {
                          group.allReduceSum(manager.ones(new Shape(1000)));
                        }
                      })
                  .getMessage();
            });
    assertThat(messages.get(0))
        .isEqualTo(
            "Training by several workers stops: worker 1 has ended or cannot be reached. Start all"
                + " of them again with --resume, which goes on from the last checkpoint");
    assertThat(messages.get(2)).isEqualTo(messages.get(0));
    assertThat(System.nanoTime() - begin).isLessThan(30_000_000_000L);
  }

  @Test
  void aWorkerThatFailsTellsTheOthersWhy() throws Exception {
    List<String> messages =
        together(
            2,
            (group, manager) -> {
              if (group.rank() == 1) {
                group.fail("scan7.nii.gz is truncated\nat line 3");
                return "";
              }
              return failureOf(
                      () -> {
                        group.barrier(); // may still go through
                        Thread.sleep(1500);
                        group.barrier();
                        return null;
                      })
                  .getMessage();
            });
    assertThat(messages.get(0)).contains("stops: worker 1 failed: scan7.nii.gz is truncated.");
  }

  @Test
  void aPortInUseIsRefused() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Rendezvous rendezvous = tcp(taken.getLocalPort(), 0, 2).build();
      assertThatThrownBy(() -> ProcessGroup.join(rendezvous))
          .isInstanceOf(T3dException.class)
          .hasMessage(
              "The workers' rendezvous 127.0.0.1:"
                  + taken.getLocalPort()
                  + " is in use by another program; end it, or give another port with"
                  + " --rendezvous");
    }
  }

  @Test
  void anAddressOfAnotherMachineIsRefusedForRank0() {
    Rendezvous rendezvous =
        Rendezvous.tcp("192.0.2.1", 29500, 0, 2).secret("0123456789abcdef").build();
    assertThatThrownBy(() -> ProcessGroup.join(rendezvous))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("192.0.2.1:29500 is no address of this machine");
  }

  @Test
  void whereNobodyAnswersTheWorkerSaysSo() throws IOException {
    Rendezvous rendezvous = tcp(freePort(), 1, 2).joinTimeout(Duration.ofSeconds(2)).build();
    assertThatThrownBy(() -> ProcessGroup.join(rendezvous))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining(rendezvous.place() + " cannot be reached by worker 1")
        .hasMessageContaining("is rank 0 started, and is --rendezvous its machine and port?");
  }

  @Test
  void aMachineWithoutANameIsRefused() {
    Rendezvous rendezvous = Rendezvous.tcp("no-such-machine.invalid", 29500, 1, 2).build();
    assertThatThrownBy(() -> ProcessGroup.join(rendezvous))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("none is known of 'no-such-machine.invalid'");
  }

  @Test
  void aProgramThatIsNoRendezvousIsNotWaitedForForEver() throws IOException {
    try (ServerSocket other = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Rendezvous rendezvous =
          tcp(other.getLocalPort(), 1, 2).joinTimeout(Duration.ofSeconds(2)).build();
      assertThatThrownBy(() -> ProcessGroup.join(rendezvous))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("cannot be reached by worker 1");
    }
  }

  @Test
  void aWorkerThatDoesNotComeIsNamed() throws IOException {
    Rendezvous rendezvous = tcp(freePort(), 0, 3).joinTimeout(Duration.ofSeconds(1)).build();
    assertThatThrownBy(() -> ProcessGroup.join(rendezvous))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("no word of workers 1, 2 after 1 s at " + rendezvous.place());
  }

  @Test
  void whoDoesNotKnowTheSecretIsRefusedOnBothSides() throws Exception {
    int port = freePort();
    Callable<String> right = () -> message(tcp(port, 0, 2).secret("right").build());
    Callable<String> wrong = () -> message(tcp(port, 1, 2).secret("wrong").build());
    List<String> messages = inThreads(List.of(right, wrong));
    assertThat(messages)
        .allMatch(m -> m.contains("worker 1 does not know the secret of this training"), "both");
    assertThat(tcp(port, 0, 2).secret("right").build().toString()).doesNotContain("right");
  }

  @Test
  void twoWorkersOfOneRankAreRefused() throws Exception {
    int port = freePort();
    Callable<String> zero =
        () -> message(tcp(port, 0, 3).joinTimeout(Duration.ofSeconds(4)).build());
    Callable<String> one =
        () -> message(tcp(port, 1, 3).joinTimeout(Duration.ofSeconds(4)).build());
    List<String> messages = inThreads(List.of(zero, one, one));
    assertThat(messages)
        .anyMatch(m -> m.startsWith("Rank 1 is taken by another worker at 127.0.0.1:"));
  }

  @Test
  void anotherNumberOfWorkersIsRefused() throws Exception {
    int port = freePort();
    Callable<String> zero = () -> message(tcp(port, 0, 2).build());
    Callable<String> one = () -> message(tcp(port, 1, 3).build());
    assertThat(inThreads(List.of(zero, one)))
        .allMatch(m -> m.contains("worker 1 was started as one of 3, rank 0 as one of 2"), "both");
  }

  private static String message(Rendezvous rendezvous) {
    return failureOf(
            () -> {
              ProcessGroup.join(rendezvous).close();
              return null;
            })
        .getMessage();
  }

  @Test
  void workersThatDifferLearnInWhat() throws Exception {
    List<String> messages =
        together(
            2,
            (group, manager) -> {
              String settings = "{\"a\":{\"b\":1,\"c\":%d}}".formatted(5 + group.rank());
              Agreement.require(group, Map.of("version", "1", "same", "{\"x\":[1,2]}"));
              return failureOf(
                      () -> {
                        Agreement.require(group, Map.of("version", "1", "settings", settings));
                        return null;
                      })
                  .getMessage();
            });
    assertThat(messages.get(0))
        .isEqualTo(
            "All workers must train the same, but worker 1 differs from worker 0 in settings.a.c"
                + " (6, worker 0 has 5); start all with the same program, --config, --manifest and"
                + " files");
    assertThat(messages.get(1)).isEqualTo(messages.get(0));
  }

  @Test
  void theEnvironmentTellsAWorkerItsPlace() {
    assertThat(Rendezvous.fromEnvironment(Map.of())).isEmpty();
    Rendezvous rendezvous =
        Rendezvous.fromEnvironment(
                Map.of(
                    "T3D_RANK", "1",
                    "T3D_WORKERS", "2",
                    "T3D_RENDEZVOUS", "10.0.0.5:29500",
                    "T3D_INTERFACE", "eth0",
                    "T3D_SECRET", "0123456789abcdef",
                    "T3D_TIMEOUT_SECONDS", "90"))
            .orElseThrow();
    assertThat(rendezvous.timeout()).isEqualTo(Duration.ofSeconds(90));
    assertThat(rendezvous.rank()).isEqualTo(1);
    assertThat(rendezvous.networkInterface()).isEqualTo(Optional.of("eth0"));
    assertThatThrownBy(() -> Rendezvous.fromEnvironment(Map.of("T3D_RANK", "1")))
        .hasMessageContaining("no T3D_RENDEZVOUS");
    assertThatThrownBy(() -> Rendezvous.at("host", 0, 1).build())
        .hasMessage("The workers' rendezvous needs HOST:PORT or file:PATH, got 'host'");
    assertThatThrownBy(() -> Rendezvous.at("host:1", 2, 2).build())
        .hasMessageContaining("got rank 2 of 2 workers");
  }

  @Test
  void aSecretThatIsEmptyOrShortIsRefused() {
    for (String secret : List.of("", "0123456789abcde")) {
      Map<String, String> environment =
          Map.of(
              "T3D_RANK",
              "0",
              "T3D_WORKERS",
              "2",
              "T3D_RENDEZVOUS",
              "10.0.0.5:1",
              "T3D_SECRET",
              secret);
      assertThatThrownBy(() -> Rendezvous.fromEnvironment(environment))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("needs a secret of at least 16 letters in T3D_SECRET, got ");
    }
  }

  @Test
  void whereOtherMachinesReachAWorkerASecretIsNeeded() throws IOException {
    Rendezvous open = Rendezvous.tcp("192.0.2.1", 29500, 1, 2).secret("short").build();
    assertThatThrownBy(() -> ProcessGroup.join(open))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("Workers that meet at 192.0.2.1:29500 on ")
        .hasMessageContaining("need a secret of at least 16 letters");
    Rendezvous file = Rendezvous.file(folder.resolve("f"), 0, 2).networkInterface("lo").build();
    Addresses.requireSecret(file, Addresses.own(file)); // nobody else reaches it
  }

  @Test
  void theNameOfAMachineThatLeadsToItsLoopbackAddressIsRefused() throws IOException {
    InetAddress debian = InetAddress.getByName("127.0.1.1");
    assertThatThrownBy(() -> Addresses.of("node1", debian))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining(
            "'node1' is 127.0.1.1 on this machine, where no other one reaches it");
    assertThat(Addresses.of("localhost", debian)).isEqualTo(debian);
    assertThat(Addresses.of("127.0.1.1", debian)).isEqualTo(debian);
  }

  @Test
  void aCallThatWaitsTooLongSaysWhatToLookFor() throws Exception {
    int port = freePort();
    List<Callable<String>> tasks = new ArrayList<>();
    for (int r = 0; r < 2; r++) {
      int rank = r;
      Rendezvous rendezvous = tcp(port, r, 2).timeout(Duration.ofSeconds(3)).build();
      tasks.add(
          worker(
              rendezvous,
              (group, manager) -> {
                if (rank == 1) {
                  Thread.sleep(8000); // lives, and does not come
                  return group.lost().map(Throwable::getMessage).orElse("nothing");
                }
                return failureOf(
                        () -> {
                          group.barrier();
                          return null;
                        })
                    .getMessage();
              }));
    }
    List<String> messages = inThreads(tasks);
    assertThat(messages.get(0))
        .isEqualTo(
            "Training by several workers stops: another worker lives but has not come to a call"
                + " between them for 3 s; look for what holds it up, or raise --timeout. Start all"
                + " of them again with --resume, which goes on from the last checkpoint");
    assertThat(messages.get(1)).isEqualTo(messages.get(0));
  }

  @Test
  void whateverComesAfterAWorkerIsLostTheReasonIsThatWorker() throws Exception {
    List<Throwable> failures =
        together(
            2,
            (group, manager) -> {
              group.barrier();
              if (group.rank() == 1) {
                ((GlooGroup) group).vanish();
                return new AssertionError();
              }
              return failureOf(
                  () ->
                      group.run(
                          () -> {
                            try {
                              while (true) {
                                group.barrier();
                              }
                            } catch (PeerLostException e) {
                              // as libtorch does with what is thrown in a backward pass
                              throw new IllegalStateException("The backward pass failed");
                            }
                          }));
            });
    assertThat(failures.get(0))
        .isInstanceOf(PeerLostException.class)
        .hasMessageContaining("worker 1 has ended or cannot be reached");
    assertThat(failures.get(0).getSuppressed()).hasSize(1);
  }

  @Test
  void aWorkerThatFailsKeepsItsOwnReason() throws Exception {
    List<Throwable> failures =
        together(
            2,
            (group, manager) ->
                group.rank() == 0
                    ? failureOf(
                        () ->
                            group.run(
                                () ->
                                    group.run(
                                        () -> {
                                          throw new IllegalStateException("mine");
                                        })))
                    : new AssertionError());
    assertThat(failures.get(0)).isInstanceOf(IllegalStateException.class).hasMessage("mine");
  }

  @Test
  void aGroupThatCannotBeFormedLeavesNothingOpen() throws Exception {
    awaitOpen(0);
    int port = freePort();
    Callable<String> right = () -> message(tcp(port, 0, 2).secret("right").build());
    Callable<String> wrong = () -> message(tcp(port, 1, 2).secret("wrong").build());
    inThreads(List.of(right, wrong));
    awaitOpen(0);
    try (ServerSocket free = new ServerSocket()) {
      free.setReuseAddress(true);
      free.bind(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), port)); // throws when it is taken
      assertThat(free.isBound()).isTrue();
    }
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().equals("t3d-peers"));
  }

  private static void awaitOpen(int number) throws InterruptedException {
    long end = System.nanoTime() + 15_000_000_000L;
    while (NativeGloo.open() != number && System.nanoTime() < end) {
      Thread.sleep(50);
    }
    assertThat(NativeGloo.open()).isEqualTo(number);
  }
}
