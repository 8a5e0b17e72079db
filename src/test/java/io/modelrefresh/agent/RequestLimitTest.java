package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** A request may be as large as a feature update, and no larger. */
@QuarkusTest
class RequestLimitTest {

  private static final int LIMIT = 1024 * 1024;

  @TestHTTPResource URI agent;

  @Test
  void anUpdateOfTheGreatestSizeIsPublished() throws Exception {
    assertThat(post(BodyPublishers.ofByteArray(update(LIMIT))).statusCode()).isEqualTo(202);
  }

  @Test
  void aLargerOneIsRefusedAndToldTheLimit() throws Exception {
    HttpResponse<String> response = post(BodyPublishers.ofByteArray(update(LIMIT + 1)));

    assertThat(response.statusCode()).isEqualTo(413);
    assertThat(response.headers().firstValue("Content-Type")).contains(Problem.MEDIA_TYPE);
    JsonNode problem = new ObjectMapper().readTree(response.body());
    assertThat(problem.get("status").asInt()).isEqualTo(413);
    assertThat(problem.get("detail").asText()).contains("at most 1048576 bytes");
  }

  @Test
  void oneThatDoesNotSayHowLargeItIsIsRefusedWhenItHasBecomeTooLarge() throws Exception {
    byte[] update = update(LIMIT + 1);

    HttpResponse<String> response =
        post(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(update)));

    assertThat(response.statusCode()).isEqualTo(413);
  }

  /** JSON of exactly so many bytes. */
  private static byte[] update(int bytes) {
    String update = "{\"feature_view\": \"nobody_consumes_it\"}";
    return (update + " ".repeat(bytes - update.length())).getBytes(StandardCharsets.UTF_8);
  }

  private HttpResponse<String> post(BodyPublisher body) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(agent.resolve("/v1/feature-updates"))
            .version(HttpClient.Version.HTTP_1_1)
            .header("Content-Type", "application/json")
            .POST(body)
            .build();
    return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
  }
}
