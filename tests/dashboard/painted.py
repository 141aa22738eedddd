"""What a person sees of a page: the size of its texts, and their contrast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page
from tests.shared import wait_until

# A colour of any notation as red, green, blue, alpha; those below show through.
_COLORS = """
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', {willReadFrequently: true});
  const read = color => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
  const behind = element => {
    if (!element) return [255, 255, 255];
    const own = read(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, behind(element.parentElement));
  };
  const light = color => {
    const [r, g, b] = color.slice(0, 3).map(x => x / 255).map(
      x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
"""
# WCAG 2.2, 1.4.3: 4.5 to 1, large texts 3 to 1; what is disabled or hidden is left out.
_WEAK = f"""root => {{{_COLORS}
  const weak = [];
  for (const element of root.querySelectorAll('*')) {{
    const text = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join('');
    const value = element.matches('input:not([type=hidden])') ? element.value : text.trim();
    const style = getComputedStyle(element), box = element.getBoundingClientRect();
    if (!value || element.closest('script, style, [disabled]')) continue;
    if (!element.checkVisibility({{opacityProperty: true}}) || box.width < 1) continue;
    const size = parseFloat(style.fontSize), isBold = +style.fontWeight >= 700;
    const least = size >= 24 || (size >= 18.66 && isBold) ? 3 : 4.5;
    const below = behind(element), ratio = contrast(over(read(style.color), below), below);
    if (ratio < least) weak.push([value.slice(0, 40), +ratio.toFixed(2), style.color]);
  }}
  const chart = root.querySelector('.chart');
  if (chart) {{
    const below = behind(chart);
    for (const shape of getElement(chart.id.slice(1)).chart.getZr().storage.getDisplayList()) {{
      if (shape.type !== 'tspan' || shape.ignore) continue;
      const ratio = contrast(over(read(shape.style.fill), below), below);
      if (ratio < 4.5) weak.push([shape.style.text, +ratio.toFixed(2), shape.style.fill]);
    }}
  }}
  return weak;
}}"""
_TEXT_BOX = """element => {
  const range = document.createRange();
  range.selectNodeContents(element);
  const box = range.getBoundingClientRect();
  const field = element.closest('.q-field__control').getBoundingClientRect();
  const isInside = box.left >= field.left && box.right <= field.right
    && box.top >= field.top && box.bottom <= field.bottom;
  return [box.width, box.height, isInside];
}"""
_AXIS_TEXTS = """() => {
  const chart = getElement(document.querySelector('.chart').id.slice(1)).chart;
  const shapes = chart.getZr().storage.getDisplayList();
  const texts = shapes.filter(s => s.type === 'tspan' && !s.ignore);
  const bottom = chart.convertToPixel({yAxisIndex: 2}, 2);
  return texts.filter(s => s.transform[5] + s.style.y > bottom + 5)
    .map(s => [s.style.text, s.transform[4] + s.style.x, s.transform[5] + s.style.y])
    .sort((a, b) => a[1] - b[1] || a[2] - b[2]).map(t => t[0]);
}"""
_PIXEL = """([ms, share]) => {
  const box = document.querySelector('.chart');
  const chart = getElement(box.id.slice(1)).chart;
  const x = chart.convertToPixel({xAxisIndex: 0}, ms);
  const canvas = box.querySelector('canvas'), scale = canvas.width / canvas.clientWidth;
  const at = [x * scale, share * canvas.height].map(Math.round);
  return [...canvas.getContext('2d').getImageData(...at, 1, 1).data].join(' ');
}"""


def weak_texts(page: Page) -> list[Any]:
    """The texts whose contrast is too low: text, contrast, colour."""
    return list(page.evaluate(f"({_WEAK})(document.body)"))


def text_size(element: Locator) -> tuple[float, float, bool]:
    """Width and height of the text of ``element``, and whether it is inside of its field."""
    width, height, is_inside = element.evaluate(_TEXT_BOX)
    return width, height, is_inside


def expect_axis(page: Page, is_right: Callable[[list[str]], bool]) -> None:
    """Wait until what is painted below the chart, from left to right, is right."""

    def texts() -> list[str]:
        page.wait_for_timeout(50)
        return list(page.evaluate(_AXIS_TEXTS))

    wait_until(lambda: is_right(texts()), texts)


def chart_pixel(page: Page, time_s: float, share: float = 0.1) -> str:
    """The colour of the chart at a time, at a share of its height."""
    return str(page.evaluate(_PIXEL, [1000 * time_s, share]))
