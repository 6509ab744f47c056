package io.t3d.cli.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.train.TrainingListener;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WatchersTest {
  private final List<String> told = new ArrayList<>();

  private Watcher watcher(String name) {
    return new Watcher() {
      @Override
      public void onEpoch(int epoch, int stepsDone) {
        told.add(name + " " + epoch);
      }

      @Override
      public void ended(End how) {
        told.add(name + " " + how);
      }
    };
  }

  @Test
  void allAreToldInOrderAndOnceHowItEnded() throws IOException {
    Watchers both = new Watchers(List.of(watcher("a"), new TrainingListener() {}, watcher("b")));
    String result =
        both.watch(
            l -> {
              l.onEpoch(3, 9);
              return "done";
            });
    assertThat(result).isEqualTo("done");
    assertThat(told).containsExactly("a 3", "b 3", "a FINISHED", "b FINISHED");
  }

  @Test
  void anErrorOfTheTrainingIsHandedOnAndTold() {
    assertThatThrownBy(
            () ->
                new Watchers(List.of(watcher("a")))
                    .watch(
                        l -> {
                          throw new IOException("disk full");
                        }))
        .hasMessage("disk full");
    assertThat(told).containsExactly("a FAILED");
  }

  @Test
  void anyListenerMayStopTheTraining() {
    TrainingListener stops =
        new TrainingListener() {
          @Override
          public boolean wantsToStop() {
            return true;
          }
        };
    assertThat(new Watchers(List.of(watcher("a"), stops)).wantsToStop()).isTrue();
    assertThat(new Watchers(List.of(watcher("a"))).wantsToStop()).isFalse();
  }
}
