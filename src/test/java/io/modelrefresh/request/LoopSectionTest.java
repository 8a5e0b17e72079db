package io.modelrefresh.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelrefresh.request.RequestTemplate.Syntax;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoopSectionTest {

  private static final String KEY = "model-refresh.models.fraud.server.http.body";
  private static final Map<String, Object> VARIABLES =
      Map.of(
          "nothing",
          List.of(),
          "updates",
          List.of(
              Map.of("feature_view", "users", "row_count", Long.MAX_VALUE),
              Map.of("feature_view", "cards", "row_count", 1L)));

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{#for update in updates}{update.feature_view}{#if update_hasNext},{/if}{/for}",
        "{#each updates}{it.feature_view}{#if it_hasNext},{/if}{/each}",
        "{#for view in nothing}none{#else}users,cards{/for}",
      })
  void aLoopIsOverAList(String text) {
    assertThat(render(text)).isEqualTo("users,cards");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{#for i in 2000000000}{/for}",
        "{#each 2000000000}{/each}",
        "{#let n=2000000000}{#for i in n}{/for}{/let}",
        "{#for i in updates.0.row_count}{/for}",
      })
  void aLoopOverANumberIsRefusedHoweverLargeItIs(String text) {
    assertThatThrownBy(() -> render(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching(
            KEY + ": line 1, column \\d+: a loop is over a list, and .+ is the number \\d+");
  }

  @Test
  void aLoopOverWhatIsNotThereIsRefused() {
    assertThatThrownBy(() -> render("{#for i in elsewhere}{/for}"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(KEY + ": ")
        .hasMessageContaining("elsewhere");
  }

  private static String render(String text) {
    return new RequestTemplate(text, KEY, Syntax.TEXT).render(VARIABLES);
  }
}
