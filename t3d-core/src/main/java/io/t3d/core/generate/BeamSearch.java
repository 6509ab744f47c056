package io.t3d.core.generate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Beam search over a batch; reports that are done leave it. See {@link Decoding.Beam}. */
final class BeamSearch {
  private final NextToken model;
  private final Decoding.Beam settings;
  private final List<Search> searches;

  BeamSearch(NextToken model, Decoding.Beam settings, int reports) {
    this.model = model;
    this.settings = settings;
    this.searches = IntStream.range(0, reports).mapToObj(Search::new).toList();
  }

  /** A beginning: its tokens, their summed log-probability, and its row in the model's batch. */
  private record Beam(List<Integer> tokens, double sum, int row) {
    int last() {
      return tokens.get(tokens.size() - 1);
    }
  }

  /** A beginning and a token that may follow. */
  private record Candidate(Beam beam, int token, double sum) {}

  /** A text that has ended, and what it is ranked by. */
  private record Ended(Hypothesis text, double score) {}

  List<Hypothesis> run() {
    List<Beam> rows = new ArrayList<>();
    searches.forEach(search -> rows.addAll(search.beams));
    for (int length = 1; length <= settings.maxLength() && !rows.isEmpty(); length++) {
      int[] sources = rows.stream().mapToInt(Beam::row).toArray();
      int[] tokens =
          rows.stream().mapToInt(b -> b.tokens.isEmpty() ? model.beginId() : b.last()).toArray();
      double[][] following = model.next(sources, tokens);
      int first = 0;
      for (Search search : searches) {
        int beams = search.beams.size();
        search.advance(following, first);
        first += beams;
      }
      rows.clear();
      searches.forEach(search -> rows.addAll(search.beams));
    }
    return searches.stream().map(Search::best).toList();
  }

  private double score(double sum, int length) {
    return sum / Math.pow(length, settings.lengthPenalty());
  }

  /** The search for one report. Without beams it is done. */
  private final class Search {
    private List<Beam> beams;
    private final List<Ended> ended = new ArrayList<>();

    Search(int report) {
      beams = List.of(new Beam(List.of(), 0, report));
    }

    /** Goes on by a token; beam n of this search is row {@code first + n} of the batch. */
    void advance(double[][] following, int first) {
      if (beams.isEmpty()) {
        return;
      }
      // Twice the width: should the end token follow every beam, as many beams still go on.
      List<Candidate> candidates = candidates(following, first, 2 * settings.width());
      List<Beam> next = new ArrayList<>();
      for (int rank = 0; rank < candidates.size() && next.size() < settings.width(); rank++) {
        Candidate c = candidates.get(rank);
        List<Integer> tokens = new ArrayList<>(c.beam.tokens);
        tokens.add(c.token);
        if (c.token != model.endId()) {
          next.add(new Beam(tokens, c.sum, first + beams.indexOf(c.beam)));
        } else if (rank < settings.width()) {
          end(new Hypothesis(tokens, c.sum, true));
        }
      }
      beams = next;
      finishWhenDone();
    }

    private List<Candidate> candidates(double[][] following, int first, int count) {
      List<Candidate> best = new ArrayList<>();
      for (int n = 0; n < beams.size(); n++) {
        double[] row = following[first + n];
        Beam beam = beams.get(n);
        for (int token = 0; token < row.length; token++) {
          double sum = beam.sum + row[token];
          if (sum == Double.NEGATIVE_INFINITY) {
            continue;
          }
          if (best.size() < count || sum > best.get(count - 1).sum) {
            insert(best, new Candidate(beam, token, sum), count);
          }
        }
      }
      return best;
    }

    /** Keeps the list sorted and short; of equals, the earlier stays first. */
    private void insert(List<Candidate> best, Candidate candidate, int count) {
      int at = best.size();
      while (at > 0 && best.get(at - 1).sum < candidate.sum) {
        at--;
      }
      best.add(at, candidate);
      if (best.size() > count) {
        best.remove(count);
      }
    }

    private void end(Hypothesis text) {
      ended.add(new Ended(text, score(text.logProbability(), text.tokens().size())));
      ended.sort(Comparator.comparingDouble((Ended e) -> -e.score));
      if (ended.size() > settings.width()) {
        ended.remove(settings.width());
      }
    }

    private void finishWhenDone() {
      if (beams.isEmpty()) {
        return;
      }
      int length = beams.get(0).tokens.size();
      if (length == settings.maxLength()) {
        beams.forEach(b -> end(new Hypothesis(b.tokens, b.sum, false)));
        beams = List.of();
      } else if (ended.size() == settings.width()
          && score(beams.get(0).sum, length) <= ended.get(ended.size() - 1).score) {
        beams = List.of();
      }
    }

    Hypothesis best() {
      return ended.get(0).text;
    }
  }
}
