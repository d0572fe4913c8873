"""Colours, type and spacing of gradio's own parts; `style.css` says what the colours are."""

from __future__ import annotations

import gradio as gr

SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")

PAPER, CARD, INK, FAINT, LINE, ACCENT = (
    f"var(--{name})" for name in ("paper", "card", "ink", "faint", "line", "accent")
)
ON_ACCENT, SOFT = "var(--on-accent)", "var(--soft)"


def theme() -> gr.themes.Base:
    """Paper, ink and one green; fonts of the visitor's own system, so that none are fetched."""
    return gr.themes.Base(
        neutral_hue=gr.themes.colors.stone,
        radius_size=gr.themes.sizes.radius_lg,
        spacing_size=gr.themes.sizes.spacing_md,
        text_size=gr.themes.sizes.text_md,
        font=[gr.themes.Font(name) for name in SANS],
        font_mono=[gr.themes.Font(name) for name in MONO],
    ).set(**_both(_COLOURS), **_SHAPES)


def _both(colours: dict[str, str]) -> dict[str, str]:
    """The same for light and dark: what a colour's name stands for changes, not the name."""
    return colours | {f"{name}_dark": colour for name, colour in colours.items()}


_COLOURS = {
    "body_background_fill": PAPER,
    "body_text_color": INK,
    "body_text_color_subdued": FAINT,
    "background_fill_primary": CARD,
    "background_fill_secondary": SOFT,
    "border_color_primary": LINE,
    "border_color_accent": ACCENT,
    "border_color_accent_subdued": LINE,
    "color_accent_soft": SOFT,
    "link_text_color": ACCENT,
    "link_text_color_hover": ACCENT,
    "link_text_color_active": ACCENT,
    "link_text_color_visited": ACCENT,
    "block_background_fill": CARD,
    "block_border_color": LINE,
    "block_label_background_fill": CARD,
    "block_label_border_color": LINE,
    "block_label_text_color": FAINT,
    "block_title_text_color": INK,
    "block_info_text_color": FAINT,
    "input_background_fill": CARD,
    "input_background_fill_focus": CARD,
    "input_border_color": LINE,
    "input_border_color_focus": ACCENT,
    "input_placeholder_color": FAINT,
    "checkbox_background_color": CARD,
    "checkbox_background_color_selected": ACCENT,
    "checkbox_border_color": FAINT,
    "checkbox_border_color_selected": ACCENT,
    "checkbox_border_color_focus": ACCENT,
    "checkbox_label_background_fill": CARD,
    "checkbox_label_background_fill_hover": SOFT,
    "checkbox_label_background_fill_selected": SOFT,
    "slider_color": ACCENT,
    "loader_color": ACCENT,
    "table_even_background_fill": CARD,
    "table_odd_background_fill": SOFT,
    "table_border_color": LINE,
    "panel_background_fill": CARD,
    "panel_border_color": LINE,
    "code_background_fill": SOFT,
    "accordion_text_color": INK,
    "table_text_color": INK,
    "button_primary_background_fill": ACCENT,
    "button_primary_background_fill_hover": "var(--accent-deep)",
    "button_primary_border_color": ACCENT,
    "button_primary_text_color": ON_ACCENT,
    "button_secondary_background_fill": CARD,
    "button_secondary_background_fill_hover": SOFT,
    "button_secondary_border_color": LINE,
    "button_secondary_text_color": INK,
    "button_cancel_background_fill": CARD,
    "button_cancel_background_fill_hover": SOFT,
    "button_cancel_border_color": LINE,
    "button_cancel_text_color": "var(--wrong)",
}

_SHAPES = {
    "block_border_width": "1px",
    "block_shadow": "none",
    "block_label_shadow": "none",
    "block_radius": "14px",
    "block_title_text_weight": "600",
    "block_label_text_weight": "500",
    "input_border_width": "1px",
    "input_radius": "10px",
    "input_shadow": "none",
    "button_border_width": "1px",
    "button_large_radius": "999px",
    "button_medium_radius": "999px",
    "button_small_radius": "999px",
    "button_large_text_weight": "600",
    "button_primary_shadow": "none",
    "button_secondary_shadow": "none",
    "layout_gap": "20px",
    "color_accent": ACCENT,
}
