package io.modelrefresh.catalog;

import static io.modelrefresh.catalog.CatalogConfigs.all;
import static io.modelrefresh.catalog.CatalogConfigs.catalog;
import static io.modelrefresh.catalog.CatalogConfigs.model;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BadConfigurationTest {

  /** Each row: the key within the model, a bad value, and what the message says was expected. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          server.protocol       | triton2                  | expected open-inference, triton or http
          server.protocol       | HTTP                     | expected open-inference, triton or http
          server.replicas       | fraud:8000               | expected http(s)://host:port
          server.replicas       | http://fraud             | expected http(s)://host:port
          server.replicas       | http://fraud:8000/       | expected http(s)://host:port
          server.replicas       | http://a:1,              | expected http(s)://host:port
          server.replicas       | http://a:1,dns://b:1     | expected http(s)://host:port
          server.replicas       | dns://a:1,dns://b:1      | expected http(s)://host:port
          server.replicas       | http://a:0               | expected a port from 1 to 65535
          server.replicas       | http://a:65536           | expected a port from 1 to 65535
          server.replicas       | http://[::zz]:80         | expected http(s)://host:port
          server.replicas       | http://[::1::2]:80       | expected an IPv6 address between the brackets
          server.replicas       | http://a:1,https://A:1   | expected each replica once
          server.replicas       | http://[::1]:1,http://[0:0:0:0:0:0:0:1]:1 | expected each replica once
          server.replicas       | kubernetes://fraud:80    | expected kubernetes://namespace/service:port
          server.replicas       | kubernetes://ml/fraud    | expected kubernetes://namespace/service:port
          server.replicas       | kubernetes://ml/fraud:   | expected kubernetes://namespace/service:port
          server.replicas       | kubernetes://ml/fraud:80/ | expected kubernetes://namespace/service:port
          server.replicas       | kubernetes://ML/fraud:80 | expected kubernetes://namespace/service:port
          server.replicas       | kubernetes://ml/fraud_a:80 | expected kubernetes://namespace/service:port
          server.replicas       | kubernetes://ml/a:1,kubernetes://ml/b:1 | expected kubernetes://namespace/service:port
          server.replicas       | kubernetes://ml/fraud:0  | expected a port from 1 to 65535
          server.replicas       | kubernetes://ml/fraud:65536 | expected a port from 1 to 65535
          server.replicas       | kubernetes://ml/fraud:4294967297 | expected a port from 1 to 65535
          server.timeout        | 0s                       | expected more than 0s
          server.timeout        | -5s                      | expected more than 0s
          server.timeout        | 9000000000000000s        | expected at most 36500d
          refresh.objective     | 9223372036854775807s     | expected at most 36500d
          server.authority      | 10.0.0.1                 | expected host or host:port
          server.authority      | https://fraud            | expected host or host:port
          server.authority      | fraud:x                  | expected host or host:port
          feature-views         | a/b/c                    | expected name, project/name, project/* or *
          feature-views         | */b                      | expected name, project/name, project/* or *
          feature-views         | a:                       | expected name, project/name, project/* or *
          feature-views         | view*                    | expected name, project/name, project/* or *
          refresh.quiet-period  | -1s                      | expected at least 0s
          refresh.quiet-period  | 3s                       | expected at most max-wait, which is 2s
          refresh.max-unavailable | 0                      | expected a count of at least 1 or a percentage
          refresh.max-unavailable | 101%                   | expected a count of at least 1 or a percentage
          refresh.max-unavailable | many                   | expected a count of at least 1 or a percentage
          refresh.max-attempts  | 0                        | expected at least 1
          refresh.on-start      | sometimes                | expected if-unknown, always or never
          refresh.objective     | 0s                       | expected more than 0s
          """)
  void aBadValueIsNamedWithItsKeyTheValueAndWhatWasExpected(
      String key, String value, String expected) {
    var properties = model("fraud", key, value);

    List<String> problems = problems(properties);

    assertThat(problems)
        .singleElement()
        .asString()
        .startsWith("model-refresh.models.fraud." + key + ": " + expected)
        .endsWith("got \"" + value + "\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"feature-views", "server.protocol", "server.replicas"})
  void aMissingRequiredKeyIsNamed(String key) {
    assertThat(problems(model("fraud", key, null)))
        .singleElement()
        .asString()
        .startsWith("model-refresh.models.fraud." + key + ": required");
    assertThat(problems(model("fraud", key, "")))
        .singleElement()
        .asString()
        .startsWith("model-refresh.models.fraud." + key + ": required");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          server.http.method            | post   | server.http.method: expected GET, POST, PUT, PATCH or DELETE, got "post"
          server.http.path              | reload | server.http.path: expected a path that begins with a slash, got "reload"
          server.http.ready-path        | ready  | server.http.ready-path: expected a path that begins with a slash, got "ready"
          server.http.accepted-statuses | 200,99 | server.http.accepted-statuses: expected HTTP statuses from 200 to 599, got "99"
          server.http.headers."a b"     | c      | server.http.headers."a b": expected an HTTP header name, got "a b"
          """)
  void aBadRequestOfProtocolHttpIsNamed(String key, String value, String problem) {
    var properties =
        model("custom", "server.protocol", "http", "server.http.path", "/reload", key, value);

    assertThat(problems(properties)).containsExactly("model-refresh.models.custom." + problem);
  }

  @Test
  void aHeadersValueIsNeverQuoted() {
    var properties =
        model(
            "custom",
            "server.protocol",
            "http",
            "server.http.path",
            "/reload",
            "server.http.headers.authorization",
            "secret\r\nx: y");

    assertThat(problems(properties))
        .containsExactly(
            "model-refresh.models.custom.server.http.headers.\"authorization\": expected a value"
                + " without control characters");
  }

  @Test
  void protocolHttpNeedsAPathAndTheOthersNoRequest() {
    assertThat(problems(model("custom", "server.protocol", "http")))
        .containsExactly(
            "model-refresh.models.custom.server.http.path: required by protocol http, expected a"
                + " path such as /reload");
    assertThat(problems(model("fraud", "server.http.path", "/reload")))
        .containsExactly(
            "model-refresh.models.fraud.server.http: expected only with protocol http, but the"
                + " protocol is open-inference");
  }

  @Test
  void aConfigurationToSendIsForTritonOnly() {
    assertThat(problems(model("fraud", "server.config-file", "/etc/fraud.json")))
        .containsExactly(
            "model-refresh.models.fraud.server.config-file: expected only with protocol triton, but"
                + " the protocol is open-inference");
    assertThat(problems(model("fraud", "server.protocol", "triton", "server.http.path", "/reload")))
        .containsExactly(
            "model-refresh.models.fraud.server.http: expected only with protocol http, but the"
                + " protocol is triton");
  }

  @Test
  void aTlsConfigurationIsForReplicasSpokenToOverTls() {
    assertThat(
            problems(
                model(
                    "fraud",
                    "server.replicas",
                    "https://a:1,http://b:2",
                    "server.tls-configuration-name",
                    "ml")))
        .containsExactly(
            "model-refresh.models.fraud.server.tls-configuration-name: expected only with https://"
                + " replicas, but there is http://b:2");
  }

  @ParameterizedTest
  @CsvSource({
    "server.bearer-token-file, /token, Authorization, authorization",
    "server.authority, fraud.ml.svc, HOST, host"
  })
  void whatTheAgentSetsIsNotSetByAHeaderToo(String key, String value, String header, String named) {
    var properties =
        model(
            "custom",
            "server.protocol",
            "http",
            "server.http.path",
            "/reload",
            "server.http.headers." + header,
            "x",
            key,
            value);

    assertThat(problems(properties))
        .containsExactly(
            "model-refresh.models.custom."
                + key
                + ": expected no http.headers entry \""
                + named
                + "\" beside it, remove one of the two");
  }

  @Test
  void aSmokeCheckHasAPathAndItsPointerIsOne() {
    assertThat(problems(model("fraud", "server.smoke-check.json-pointer", "outputs")))
        .containsExactly(
            "model-refresh.models.fraud.server.smoke-check.path: required, expected a path such as"
                + " /v2/models/m/infer",
            "model-refresh.models.fraud.server.smoke-check.json-pointer: expected a JSON pointer"
                + " such as /outputs/0/data, got \"outputs\"");
    assertThat(problems(model("fraud", "server.smoke-check.path", "infer")))
        .containsExactly(
            "model-refresh.models.fraud.server.smoke-check.path: expected a path that begins with a"
                + " slash, got \"infer\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a b", "a/b", "..", ".a", "ä"})
  void aNameThatIsNoPathSegmentIsRefused(String name) {
    var properties = model('"' + name + '"', "server.replicas", "http://a:8000");

    assertThat(problems(properties))
        .singleElement()
        .asString()
        .startsWith("model-refresh.models.\"" + name + "\": expected a name of letters, digits");
  }

  @Test
  void twoModelsMayNotBeTheSameServerModelOfOneKubernetesService() {
    var properties =
        all(
            model("a", "server.replicas", "kubernetes://ml/x:8000", "server.model-name", "fraud"),
            model("fraud", "server.replicas", "kubernetes://ml/x:8000"),
            model("other", "server.replicas", "kubernetes://ml/x:8000"));

    assertThat(problems(properties))
        .containsExactly(
            "model-refresh.models.fraud.server.model-name: expected no other model with this name"
                + " on kubernetes://ml/x:8000, but model-refresh.models.a names it too, got"
                + " \"fraud\"");
  }

  @Test
  void twoModelsMayNotBeTheSameServerModelOnAReplicaTheyShare() {
    var properties =
        all(
            model("a", "server.replicas", "http://x:1,http://y:1", "server.model-name", "fraud"),
            model("b", "server.replicas", "dns://Y:1", "server.model-name", "fraud"),
            model("fraud", "server.replicas", "https://x:1"),
            model("other", "server.replicas", "http://x:1"));

    assertThat(problems(properties))
        .containsExactly(
            "model-refresh.models.b.server.model-name: expected no other model with this name on"
                + " y:1, but model-refresh.models.a names it too, got \"fraud\"",
            "model-refresh.models.fraud.server.model-name: expected no other model with this name"
                + " on x:1, but model-refresh.models.a names it too, got \"fraud\"");
  }

  @Test
  void everyMistakeIsListedAtOnce() {
    var properties =
        all(
            model("a", "server.protocol", "grpc", "server.timeout", "-1s"),
            model("b", "server.replicas", null, "refresh.max-attempts", "0"));

    var failure = catchThrowableOfType(InvalidCatalogException.class, () -> catalog(properties));

    assertThat(failure.problems()).hasSize(4);
    assertThat(failure.getMessage().lines())
        .hasSize(5)
        .first()
        .asString()
        .isEqualTo("The configuration has 4 mistakes:");
  }

  @Test
  void valuesOfAWrongTypeAreAllNamedWhateverTheModel() {
    Map<String, String> properties = new HashMap<>();
    for (int i = 0; i < 200; i++) {
      properties.putAll(model("model-" + i));
    }
    properties.putAll(model("model-0", "server.timeout", "soon"));
    properties.putAll(model("model-199", "refresh.max-attempts", "few"));

    assertThatThrownBy(() -> catalog(properties))
        .isInstanceOf(ConfigValidationException.class)
        .hasMessageContaining("model-refresh.models.model-0.server.timeout")
        .hasMessageContaining("model-refresh.models.model-199.refresh.max-attempts");
  }

  @Test
  void anUnknownKeyOfAModelFailsNamingIt() {
    assertThatThrownBy(() -> catalog(model("fraud", "servr.timeout", "1s")))
        .isInstanceOf(ConfigValidationException.class)
        .hasMessageContaining("model-refresh.models.fraud.servr.timeout");
  }

  /** Stands for the keys that other parts of the agent have under the same prefix. */
  @ConfigMapping(prefix = "model-refresh")
  interface OtherConfig {
    @WithDefault("10m")
    Duration resyncInterval();
  }

  @Test
  void theModelsStandBesideOtherKeysOfTheSamePrefix() {
    var properties = all(model("fraud"), Map.of("model-refresh.resync-interval", "5m"));

    var config = CatalogConfigs.config(properties, OtherConfig.class);

    assertThat(config.getConfigMapping(OtherConfig.class).resyncInterval())
        .isEqualTo(Duration.ofMinutes(5));
    assertThat(CatalogFactory.create(config).model("fraud")).isPresent();
  }

  @Test
  void anUnknownKeyBesideTheModelsFailsNamingIt() {
    var properties = all(model("fraud"), Map.of("model-refresh.resync-intervall", "5m"));

    assertThatThrownBy(() -> CatalogConfigs.config(properties, OtherConfig.class))
        .isInstanceOf(ConfigValidationException.class)
        .hasMessageContaining("model-refresh.resync-intervall");
  }

  private static List<String> problems(Map<String, String> properties) {
    return catchThrowableOfType(InvalidCatalogException.class, () -> catalog(properties))
        .problems();
  }
}
