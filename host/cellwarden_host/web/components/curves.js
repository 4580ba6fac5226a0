// Curves over time, one area a unit, all over the same stretch of time.
// Zooming is the person's: it is told as a stretch of time, and finer curves come for it. A gap
// (a point without a value) is never bridged.
import { echarts } from "nicegui-echart";

const SETTLED_MS = 250;
// Twelve tones that differ in brightness too; beyond them the line is dashed.
const TONES = [
  "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
  "#7a5195", "#8c564b", "#bcbd22", "#17becf", "#e377c2", "#7f7f7f",
];

// On a touch screen a finger on the curves scrolls the page; the buttons zoom and move.
const byTouch = () => matchMedia("(pointer: coarse)").matches;

export default {
  template: `<div role="img"></div>`,
  props: { plan: Object },
  mounted() {
    this.chart = echarts.init(this.$el, null, { renderer: "canvas" });
    this.chart.on("datazoom", () => {
      clearTimeout(this.settling);
      this.settling = setTimeout(this.tell, SETTLED_MS);
    });
    this.sized = new ResizeObserver(() => this.chart.resize());
    this.sized.observe(this.$el);
    this.themed = new MutationObserver(() => this.draw());
    this.themed.observe(document.body, { attributeFilter: ["class"] });
    this.draw();
  },
  beforeUnmount() {
    clearTimeout(this.settling);
    this.sized.disconnect();
    this.themed.disconnect();
    this.chart.dispose();
  },
  watch: {
    plan() {
      if (!this.settling) this.draw();
    },
  },
  methods: {
    tell() {
      this.settling = null;
      const extent = this.chart.getModel().getComponent("xAxis", 0).axis.scale.getExtent();
      this.$emit("window", { from: Math.round(extent[0]), to: Math.round(extent[1]) });
    },
    draw() {
      const grids = this.plan.grids || [];
      this.$el.style.height = `${44 + Math.max(1, grids.length) * this.plan.height}px`;
      this.chart.resize();
      this.chart.setOption(this.options(grids), { notMerge: true });
    },
    colours() {
      const dark = document.body.classList.contains("body--dark");
      return dark
        ? { text: "#c6ced3", line: "rgba(255,255,255,.16)", back: "#2a3136" }
        : { text: "#45505a", line: "rgba(0,0,0,.12)", back: "#ffffff" };
    },
    options(grids) {
      const colour = this.colours();
      const { height, from, to, words } = this.plan;
      const label = { color: colour.text };
      const split = { show: true, lineStyle: { color: colour.line } };
      const line = { lineStyle: { color: colour.line } };
      return {
        animation: false,
        textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
        color: TONES,
        title: grids.length
          ? grids.map((grid, i) => ({
              text: grid.title, left: 4, top: 34 + i * height,
              textStyle: { color: colour.text, fontSize: 12, fontWeight: 600 },
            }))
          : [{ text: words.nothing, left: "center", top: "middle", textStyle: { color: colour.text, fontSize: 14, fontWeight: 400 } }],
        legend: { type: "scroll", top: 0, left: 4, right: 4, textStyle: label, pageTextStyle: label, pageIconColor: colour.text, itemHeight: 8 },
        tooltip: { trigger: "axis", confine: true, order: "seriesAsc", backgroundColor: colour.back, borderColor: colour.line, textStyle: { color: colour.text, fontSize: 12 }, axisPointer: { type: "line" }, formatter: this.tooltip },
        axisPointer: { link: [{ xAxisIndex: "all" }] },
        grid: (grids.length ? grids : [0]).map((_, i) => ({ left: 62, right: 18, top: 58 + i * height, height: height - 62 })),
        xAxis: (grids.length ? grids : [0]).map((_, i) => ({
          type: "time", gridIndex: i, min: from, max: to, axisLabel: { ...label, hideOverlap: true }, axisLine: line, splitLine: split,
        })),
        yAxis: (grids.length ? grids : [{}]).map((grid, i) => ({
          type: "value", gridIndex: i, scale: true, axisLine: line, splitLine: split,
          minInterval: grid.choices ? 1 : undefined,
          axisLabel: { ...label, formatter: grid.choices ? (value) => grid.choices[value] ?? "" : undefined, width: 54, overflow: "truncate" },
        })),
        dataZoom: [{ type: "inside", xAxisIndex: grids.map((_, i) => i), filterMode: "none", minValueSpan: 10000, disabled: byTouch() }],
        series: grids.flatMap((grid, i) =>
          grid.series.map((series, k) => ({
            type: "line", name: series.name, xAxisIndex: i, yAxisIndex: i, data: series.points,
            step: grid.choices ? "end" : false, showSymbol: false, symbolSize: 4, connectNulls: false,
            emphasis: { focus: "series" },
            lineStyle: { width: 1.4, type: k >= TONES.length ? (k >= 2 * TONES.length ? "dotted" : "dashed") : "solid" },
          })),
        ),
      };
    },
    tooltip(points) {
      // Values at this time, the highest first; the extremes of a bucket may lie a little aside.
      const lines = points
        .filter((point) => point.value[1] !== null && point.value[1] !== undefined)
        .map((point) => ({ point, grid: this.gridOf(point.seriesIndex) }))
        .sort((one, other) => one.grid.place - other.grid.place || other.point.value[1] - one.point.value[1])
        .map(({ point, grid }) => `${point.marker}${echarts.format.encodeHTML(point.seriesName)} <b style="float:right;margin-left:1.2em">${echarts.format.encodeHTML(this.told(grid, point.value[1]))}</b>`);
      if (!points.length) return "";
      const columns = lines.length > 14 ? "columns:2;column-gap:1.4em" : "";
      const at = new Date(points[0].value[0]);
      return `${at.toLocaleString("sv-SE")}<div style="${columns}">${lines.map((one) => `<div>${one}</div>`).join("")}</div>`;
    },
    gridOf(index) {
      let first = 0;
      for (const [place, grid] of this.plan.grids.entries()) {
        if (index < first + grid.series.length) return { ...grid, place };
        first += grid.series.length;
      }
    },
    told(grid, value) {
      if (grid.choices) return grid.choices[value] ?? String(value);
      return `${value.toFixed(grid.digits)}${grid.unit ? " " + grid.unit : ""}`;
    },
  },
};
