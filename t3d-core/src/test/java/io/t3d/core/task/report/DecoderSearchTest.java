package io.t3d.core.task.report;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.TestDevice;
import io.t3d.core.generate.Decoding;
import io.t3d.core.generate.Hypothesis;
import io.t3d.core.nn.internal.report.DecoderGolden;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The file of texts is of {@code src/test/python/report_decoder_goldens.py}. */
class DecoderSearchTest {
  @Test
  void greedyAndBeamSearchWriteWhatTransformersWrites() throws Exception {
    Path file = Path.of("src/test/resources/golden/generate/searches.json");
    JsonNode searches = new ObjectMapper().readTree(file.toFile()).get("searches");
    assertThat(searches).hasSize(5);
    for (JsonNode search : searches) {
      int beams = search.get("beams").asInt();
      double penalty = search.get("lengthPenalty").asDouble();
      Decoding decoding = beams == 1 ? Decoding.greedy(11) : new Decoding.Beam(beams, penalty, 11);
      assertThat(tokens(decoding)).as(decoding.toString()).isEqualTo(expected(search));
    }
  }

  private static List<List<Integer>> tokens(Decoding decoding) {
    try (NDManager manager = TestDevice.manager()) {
      DecoderGolden golden = DecoderGolden.load(manager);
      DecoderTexts.Specials specials = new DecoderTexts.Specials(2, 3, Set.of(0L, 1L, 2L, 3L));
      try (DecoderTexts texts =
          new DecoderTexts(manager, golden.decoder(), specials, golden.visual())) {
        return decoding.decode(texts, 3, 0).stream().map(Hypothesis::tokens).toList();
      }
    }
  }

  private static List<List<Integer>> expected(JsonNode search) {
    List<List<Integer>> rows = new ArrayList<>();
    for (JsonNode row : search.get("tokens")) {
      List<Integer> tokens = new ArrayList<>();
      row.forEach(token -> tokens.add(token.asInt()));
      rows.add(tokens);
    }
    return rows;
  }
}
