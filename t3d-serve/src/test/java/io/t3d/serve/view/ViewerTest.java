package io.t3d.serve.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.T3dException;
import io.t3d.core.model.Relevance;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.VolumeWriters;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.phantom.PhantomConfig;
import io.t3d.data.prepare.Masks;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.losses.objective.ObjectiveConfig;
import io.t3d.pipeline.TrainedModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the viewer serves, and to whom. */
class ViewerTest {
  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SENTENCE = "Small right pleural effusion.";

  @TempDir static Path dir;
  private static PhantomScan phantom;
  private static TrainedModel model;
  private static Viewer viewer;

  @BeforeAll
  static void open() throws IOException {
    phantom = PhantomScan.write(dir, PhantomConfig.standard(), 3);
    model = PhantomScan.untrained();
    viewer = Viewer.start(phantom.settings(), Optional.of(model));
  }

  @AfterAll
  static void close() {
    viewer.close();
    model.close();
  }

  @Test
  void theScanIsServedAsTheLibraryReadsIt() throws Exception {
    Volume read = VolumeReaders.read(phantom.scan());
    Path written = dir.resolve("written.nii");
    VolumeWriters.write(written, read, type(read));

    HttpResponse<byte[]> served = bytes(viewer, "scan.nii");
    assertThat(served.statusCode()).isEqualTo(200);
    assertThat(served.headers().firstValueAsLong("Content-Length")).hasValue(Files.size(written));
    assertThat(served.body()).isEqualTo(Files.readAllBytes(written));
    Volume again = VolumeReaders.read(Files.write(dir.resolve("served.nii"), served.body()));
    assertThat(again.voxels()).isEqualTo(read.voxels());
    assertThat(again.orientation()).isEqualTo(read.orientation());
    assertThat(json("overview").at("/bytes").asLong()).isEqualTo(Files.size(written));
  }

  private static PixelType type(Volume volume) {
    for (float v : volume.voxels()) {
      if (v != (short) v) {
        return PixelType.FLOAT32;
      }
    }
    return PixelType.INT16;
  }

  @Test
  void wholeValuesAreServedAsInt16AndOthersAsFloat32(@TempDir Path other) throws Exception {
    Affine oblique = Affine.of(0.6, -0.8, 0, 5, 0.8, 0.6, 0, -7, 0, 0, 2.5, 12);
    float[] whole = {-1024, -500, 0, 40, 400, 3071, 7, 8};
    float[] parts = {-1024, -500.5f, Float.NaN, 40, 400, 3071, 7, 1e9f};
    for (float[] values : List.of(whole, parts)) {
      Volume volume = new Volume(values, 2, 2, 2, oblique);
      Path scan = other.resolve("scan.nii");
      VolumeWriters.write(scan, volume, PixelType.FLOAT32);
      try (Viewer small = Viewer.start(ViewSettings.of(scan), Optional.empty())) {
        byte[] served = bytes(small, "scan.nii").body();
        assertThat(served).hasSize(352 + 8 * (values == whole ? 2 : 4));
        Volume again = VolumeReaders.read(Files.write(other.resolve("served.nii"), served));
        assertThat(again.voxels()).isEqualTo(values);
        assertThat(again.affine().matrix()).containsExactly(oblique.matrix(), within(1e-5));
      }
    }
  }

  @Test
  @Tag("itk")
  void otherFormatsAreServedAsNifti(@TempDir Path other) throws Exception {
    Volume read = VolumeReaders.read(phantom.scan());
    for (String name : List.of("scan.nrrd", "scan.mha")) {
      Path scan = other.resolve(name);
      VolumeWriters.write(scan, read, PixelType.FLOAT32);
      try (Viewer one = Viewer.start(ViewSettings.of(scan), Optional.empty())) {
        byte[] served = bytes(one, "scan.nii").body();
        Volume again = VolumeReaders.read(Files.write(other.resolve("served.nii"), served));
        assertThat(again.voxels()).isEqualTo(VolumeReaders.read(scan).voxels());
        assertThat(again.affine().matrix())
            .containsExactly(VolumeReaders.read(scan).affine().matrix(), within(1e-3));
      }
    }
  }

  @Test
  void theMaskIsServedWithItsLegend() throws Exception {
    Volume mask =
        Masks.read(phantom.mask(), VolumeReaders.read(phantom.scan()), Masks.OtherGrid.REFUSE);
    JsonNode legend = json("overview").at("/mask");
    Volume numbers =
        VolumeReaders.read(
            Files.write(dir.resolve("numbers.nii"), bytes(viewer, "mask.nii").body()));

    assertThat(numbers.orientation()).isEqualTo(mask.orientation());
    long[] counts = new long[legend.size()];
    for (int i = 0; i < mask.voxels().length; i++) {
      int at = (int) numbers.voxels()[i];
      int value = at == 0 ? 0 : legend.get(at - 1).get("value").asInt();
      assertThat(value).isEqualTo((int) mask.voxels()[i]);
      if (at > 0) {
        counts[at - 1]++;
      }
    }
    double millilitres = Math.abs(mask.affine().determinant()) / 1000;
    for (int i = 0; i < counts.length; i++) {
      assertThat(legend.get(i).get("voxels").asLong()).isEqualTo(counts[i]);
      assertThat(legend.get(i).get("millilitres").asDouble())
          .isCloseTo(counts[i] * millilitres, within(1e-6));
    }
    assertThat(legend.get(0).get("name").asText()).isEqualTo("body");
    assertThat(legend.get(0).get("colour").asText()).isEqualTo("#ff4030");
    assertThat(legend.findValuesAsText("colour")).doesNotHaveDuplicates();
  }

  @Test
  void theHeatMapIsTheLibrarysRelevance() throws Exception {
    Relevance expected = model.relevance(phantom.scan(), List.of(SENTENCE)).get(0);
    for (int time = 0; time < 2; time++) { // the second time the scan is encoded already
      JsonNode found = JSON.readTree(ask("{\"text\": \"" + SENTENCE + "\"}").body());
      assertThat(found.get("text").asText()).isEqualTo(SENTENCE);
      assertThat(found.get("score").asDouble()).isEqualTo(expected.score());
      byte[] nifti = Base64.getDecoder().decode(found.get("nifti").asText());
      // Read by hand: the library's reader takes no voxels of the size of these tokens.
      ByteBuffer file = ByteBuffer.wrap(nifti).order(ByteOrder.LITTLE_ENDIAN);
      TokenGrid grid = expected.grid();
      int[] size = {file.getShort(42), file.getShort(44), file.getShort(46)};
      assertThat(size).containsExactly(grid.width(), grid.height(), grid.depth());
      float[] weights = new float[grid.size()];
      file.position(352).slice().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(weights);
      assertThat(weights).isEqualTo(expected.weights());
      assertThat(nifti).hasSize(352 + 4 * weights.length);
      double[] affine = grid.affines().get(0).matrix();
      for (int i = 0; i < 12; i++) {
        assertThat(file.getFloat(280 + 4 * i)).isEqualTo((float) affine[i]);
      }
      assertThat(found.at("/peak/0").asDouble()).isEqualTo(expected.peak()[0]);
      assertThat(found.at("/tokens/2").asInt()).isEqualTo(expected.grid().depth());
    }
  }

  @Test
  void theFindingsAreTheLibrarysZeroShotProbabilities() throws Exception {
    Map<String, Double> expected = model.zeroShot(phantom.scan(), model.prompts());
    JsonNode found = json("findings").get("findings");
    assertThat(found.findValuesAsText("name")).containsExactlyElementsOf(expected.keySet());
    for (JsonNode one : found) {
      assertThat(one.get("probability").asDouble())
          .isCloseTo(expected.get(one.get("name").asText()), within(1e-6));
      assertThat(one.get("sentence").asText()).isNotBlank();
    }
  }

  @Test
  void theWindowsAreThoseOfInspectAndTheOneAskedForComesFirst() throws Exception {
    assertThat(json("overview").get("windows").findValuesAsText("name"))
        .containsExactly("soft-tissue", "chest", "lung", "bone", "full range");
    ViewSettings own =
        new ViewSettings(
            phantom.scan(),
            Optional.empty(),
            Masks.OtherGrid.REFUSE,
            Map.of(),
            Optional.of(new IntensityWindow(60, 160)),
            0);
    assertThat(Scan.read(own).windows().get(0)).isEqualTo(new Scan.Window("60,160", -20, 140));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "overview", "scan.nii", "mask.nii", "findings", "view.js"})
  void nothingIsToldWithoutTheToken(String what) throws Exception {
    String origin = "http://127.0.0.1:" + viewer.address().getPort() + "/";
    String almost = viewer.address().getPath().replaceAll("./$", "/").substring(1);
    for (String address :
        List.of(origin + what, origin + "x/" + what, origin + almost + what, origin + "/" + what)) {
      HttpResponse<String> refused = get(URI.create(address));
      assertProblem(refused, 403);
      assertThat(refused.body()).contains("token").doesNotContain("phantom");
    }
  }

  @Test
  void tokensDifferAndAreLong() throws Exception {
    try (Viewer other = Viewer.start(ViewSettings.of(phantom.scan()), Optional.empty())) {
      assertThat(other.address().getPath())
          .hasSizeGreaterThan(32)
          .isNotEqualTo(viewer.address().getPath());
    }
  }

  @Test
  void onlyNamesOfThisMachineAreAnsweredTo() throws Exception {
    int port = viewer.address().getPort();
    String path = viewer.address().getPath() + "overview";
    for (String host : List.of("127.0.0.1:" + port, "localhost:" + port)) {
      assertThat(raw(port, path, "Host: " + host)).startsWith("HTTP/1.1 200");
    }
    for (String host :
        List.of(
            "evil.example:" + port, "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:" + port)) {
      assertThat(raw(port, path, "Host: " + host))
          .startsWith("HTTP/1.1 403")
          .contains("application/problem+json")
          .doesNotContain("phantom");
    }
  }

  @Test
  void itIsBoundToTheLoopbackAddressAlone() throws IOException {
    try (Socket socket = new Socket()) {
      InetSocketAddress other = new InetSocketAddress("127.0.0.2", viewer.address().getPort());
      assertThatThrownBy(() -> socket.connect(other, 2000))
          .isInstanceOfAny(ConnectException.class, SocketTimeoutException.class);
    }
  }

  @Test
  void everyAnswerForbidsToStoreFrameOrLoadFromElsewhere() throws Exception {
    List<HttpResponse<?>> answers =
        List.of(
            bytes(viewer, ""),
            bytes(viewer, "scan.nii"),
            bytes(viewer, "niivue.umd.js"),
            bytes(viewer, "overview"),
            bytes(viewer, "nothing"),
            get(URI.create("http://127.0.0.1:" + viewer.address().getPort() + "/")),
            ask("{}"));
    for (HttpResponse<?> answer : answers) {
      assertThat(header(answer, "Cache-Control")).isEqualTo("no-store");
      assertThat(header(answer, "Content-Security-Policy"))
          .startsWith("default-src 'none'; script-src 'self'; style-src 'self';")
          .contains("connect-src 'self'", "frame-ancestors 'none'")
          .doesNotContain("unsafe", "http", "*");
      assertThat(header(answer, "X-Content-Type-Options")).isEqualTo("nosniff");
      assertThat(header(answer, "Referrer-Policy")).isEqualTo("no-referrer");
      assertThat(answer.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
      assertThat(answer.headers().firstValue("Server")).isEmpty();
    }
  }

  @Test
  void thePageNamesNoAddressElsewhere() throws Exception {
    for (String file : List.of("", "view.js", "view.css")) {
      HttpResponse<String> answer = get(viewer.address().resolve(file));
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body().replace("http://www.w3.org/2000/svg", ""))
          .doesNotContain("http:", "https:", "//cdn");
    }
    assertThat(get(viewer.address().resolve("licences.txt")).body())
        .contains("BSD 2-Clause License", "Copyright (c) 2021, Niivue");
    HttpResponse<String> bare = get(URI.create(viewer.address().toString().replaceAll("/$", "")));
    assertThat(bare.statusCode()).isEqualTo(302);
    assertThat(header(bare, "Location")).endsWith(viewer.address().getPath());
  }

  @Test
  void badRequestsAreToldWhatIsWrong() throws Exception {
    assertProblem(ask("{\"text\": \"  \"}"), 400, "text must be a sentence");
    assertProblem(ask("{\"text\": \"" + "a".repeat(2001) + "\"}"), 400, "at most 2000", "2001");
    assertProblem(ask("{\"txt\": \"a\"}"), 400, "txt");
    assertProblem(ask("no json"), 400, "not valid");
    assertProblem(ask("{\"text\": \"" + "a".repeat(1 << 17) + "\"}"), 413);
    assertProblem(get(viewer.address().resolve("Viewer.class")), 404, "no Viewer.class");
    assertProblem(get(viewer.address().resolve("relevance")), 404);
  }

  @Test
  void withoutAMaskOrAModelThePageIsToldSo() throws Exception {
    try (Viewer plain = Viewer.start(ViewSettings.of(phantom.scan()), Optional.empty())) {
      JsonNode overview = JSON.readTree(get(plain.address().resolve("overview")).body());
      assertThat(overview.get("sentences").asBoolean()).isFalse();
      assertThat(overview.get("why").asText()).contains("--checkpoint");
      assertThat(overview.get("mask")).isEmpty();
      assertProblem(get(plain.address().resolve("findings")), 404, "--checkpoint");
      assertProblem(get(plain.address().resolve("mask.nii")), 404, "without a mask");
    }
    TrainedModel noText =
        new TrainedModel(model.model(), model.data(), Optional.of(ObjectiveConfig.simclr()));
    try (Viewer blind = Viewer.start(ViewSettings.of(phantom.scan()), Optional.of(noText))) {
      assertProblem(get(blind.address().resolve("findings")), 404, "pre-trained without reports");
    }
  }

  @Test
  void whatCannotBeShownIsAnErrorBeforeAnythingIsServed(@TempDir Path other) throws Exception {
    Path broken = Files.writeString(other.resolve("broken.nii.gz"), "no scan");
    assertThatThrownBy(() -> Viewer.start(ViewSettings.of(broken), Optional.empty()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("broken.nii.gz");
    Path empty = other.resolve("empty.nii");
    float[] nothing = new float[8];
    Arrays.fill(nothing, Float.NaN);
    VolumeWriters.write(empty, new Volume(nothing, 2, 2, 2, Affine.identity()), PixelType.FLOAT32);
    assertThatThrownBy(() -> Viewer.start(ViewSettings.of(empty), Optional.empty()))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("no voxel is finite");
    ViewSettings shifted = ViewSettings.of(phantom.scan()).withMask(mask(other));
    assertThatThrownBy(() -> Viewer.start(shifted, Optional.empty()))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("must lie on its volume's voxels");
    int taken = viewer.address().getPort();
    ViewSettings onIt =
        new ViewSettings(
            phantom.scan(),
            Optional.empty(),
            Masks.OtherGrid.REFUSE,
            Map.of(),
            Optional.empty(),
            taken);
    assertThatThrownBy(() -> Viewer.start(onIt, Optional.empty()))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("port " + taken + " cannot be used: Port already in use");
    assertThatThrownBy(
            () ->
                new ViewSettings(
                    broken,
                    Optional.empty(),
                    Masks.OtherGrid.REFUSE,
                    Map.of(),
                    Optional.empty(),
                    70_000))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("got 70000");
  }

  private static Path mask(Path folder) throws IOException {
    Volume volume = VolumeReaders.read(phantom.scan());
    Affine elsewhere = Affine.scaleTranslate(1, 1, 1, 5000, 0, 0);
    Path file = folder.resolve("elsewhere.nii");
    Volume moved =
        new Volume(
            new float[volume.voxels().length],
            volume.depth(),
            volume.height(),
            volume.width(),
            elsewhere.compose(volume.affine()));
    VolumeWriters.write(file, moved, PixelType.UINT8);
    return file;
  }

  @Test
  void afterItIsClosedNobodyAnswers() throws Exception {
    Viewer shortLived = Viewer.start(ViewSettings.of(phantom.scan()), Optional.empty());
    URI address = shortLived.address();
    assertThat(get(address).statusCode()).isEqualTo(200);
    Thread waiting =
        new Thread(
            () -> {
              try {
                shortLived.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    waiting.start();
    shortLived.close();
    waiting.join(10_000);
    assertThat(waiting.isAlive()).isFalse();
    assertThatThrownBy(() -> get(address)).isInstanceOf(IOException.class);
  }

  private static void assertProblem(HttpResponse<String> answer, int status, String... details)
      throws IOException {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(header(answer, "Content-Type")).startsWith("application/problem+json");
    JsonNode problem = JSON.readTree(answer.body());
    assertThat(problem.get("type").asText()).startsWith("urn:t3d:problem:");
    assertThat(problem.get("instance").asText())
        .isEqualTo("urn:t3d:request:" + header(answer, "X-Request-Id"));
    assertThat(problem.get("status").asInt()).isEqualTo(status);
    assertThat(problem.get("title").asText()).isNotBlank();
    for (String part : details) {
      assertThat(problem.get("detail").asText()).contains(part);
    }
  }

  private static String header(HttpResponse<?> answer, String name) {
    return answer.headers().firstValue(name).orElse("");
  }

  private static JsonNode json(String what) throws Exception {
    HttpResponse<String> answer = get(viewer.address().resolve(what));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return JSON.readTree(answer.body());
  }

  private static HttpResponse<String> get(URI address) throws Exception {
    return CLIENT.send(
        HttpRequest.newBuilder(address).build(), BodyHandlers.ofString(StandardCharsets.UTF_8));
  }

  private static HttpResponse<byte[]> bytes(Viewer from, String what) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(from.address().resolve(what)).build();
    return CLIENT.send(request, BodyHandlers.ofByteArray());
  }

  private static HttpResponse<String> ask(String body) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(viewer.address().resolve("relevance"))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body))
            .build();
    return CLIENT.send(request, BodyHandlers.ofString(StandardCharsets.UTF_8));
  }

  /** A request with headers of one's own, which Java's client does not let through. */
  private static String raw(int port, String path, String... headers) throws IOException {
    List<String> lines = new ArrayList<>(List.of("GET " + path + " HTTP/1.1"));
    lines.addAll(List.of(headers));
    lines.add("Connection: close");
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        OutputStream out = socket.getOutputStream();
        InputStream in = socket.getInputStream()) {
      out.write((String.join("\r\n", lines) + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
      out.flush();
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      in.transferTo(all);
      return all.toString(StandardCharsets.UTF_8);
    }
  }
}
