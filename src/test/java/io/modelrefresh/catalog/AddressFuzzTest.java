package io.modelrefresh.catalog;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.modelrefresh.FuzzInput;
import java.net.URI;
import java.util.List;
import java.util.stream.Collectors;

/** The small languages of the catalog: a replica address, then selectors of feature views. */
class AddressFuzzTest {

  @FuzzTest
  void whatIsReadIsWrittenAsItWasMeant(byte[] input) {
    FuzzInput texts = FuzzInput.of(input);
    address(texts.head().get(0));
    selector(new String(texts.body(), UTF_8));
  }

  private static void address(String text) {
    ReplicaAddress address;
    try {
      address = ReplicaAddress.parse(text);
    } catch (IllegalArgumentException e) {
      assertThat(e.getMessage()).startsWith("expected ");
      return;
    }
    if (address instanceof ReplicaAddress.Static list) {
      list.endpoints().forEach(AddressFuzzTest::isOneServer);
      String again =
          list.endpoints().stream().map(Endpoint::toString).collect(Collectors.joining(","));
      assertThat(ReplicaAddress.parse(again)).isEqualTo(address);
    } else if (address instanceof ReplicaAddress.Dns dns) {
      isOneServer(dns.endpoint());
    } else {
      assertThat(ReplicaAddress.parse(address.toString())).isEqualTo(address);
    }
    assertThat(address.named()).isNotEmpty().doesNotHaveDuplicates();
  }

  /** Whoever else reads the address as a URL must find the same host and port in it. */
  private static void isOneServer(Endpoint endpoint) {
    assertThat(endpoint.host()).matches("[0-9a-z._:-]+");
    assertThat(endpoint.port()).isBetween(1, 65_535);
    URI uri = URI.create(endpoint.toString());
    assertThat(uri.getRawAuthority()).isEqualTo(endpoint.address());
    assertThat(List.of(uri.getRawPath(), uri.getScheme())).containsExactly("", endpoint.scheme());
  }

  private static void selector(String text) {
    FeatureViewSelector selector;
    try {
      selector = FeatureViewSelector.parse(text);
    } catch (IllegalArgumentException e) {
      assertThat(e.getMessage()).startsWith("expected ");
      return;
    }
    assertThat(FeatureViewSelector.parse(selector.toString())).isEqualTo(selector);
  }
}
