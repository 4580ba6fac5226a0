// The cells of a pack as tiles: number, voltage, what it differs from the mean, a bar, marks.
// Draws what it is given; a value that is not known is a dash without a bar.
export default {
  template: `
    <div class="cwc-grid" role="list" :aria-label="words.cells">
      <div v-for="(mv, i) in mv" :key="i" class="cwc-tile" :class="kind(i)" role="listitem"
           :data-testid="'cell.' + (i + 1)" :aria-label="spoken(i)" :title="spoken(i)">
        <div class="cwc-head">
          <span class="cwc-number">{{ i + 1 }}</span>
          <span class="cwc-marks" aria-hidden="true">
            <i v-if="balancing(i)" class="q-icon material-icons cwc-balance">balance</i>
            <i v-if="cut(i)" class="q-icon material-icons cwc-cut">content_cut</i>
            <span v-if="i + 1 === high" class="cwc-mark">▲</span>
            <span v-if="i + 1 === low" class="cwc-mark">▼</span>
          </span>
        </div>
        <div class="cwc-value"><b>{{ volts(mv) }}</b><span v-if="mv !== null" class="cwc-unit">V</span>
          <span v-if="mv !== null" class="cwc-off">{{ offset(mv) }}<span class="cwc-mv"> mV</span></span></div>
        <div class="cwc-bar"><div v-if="mv !== null" class="cwc-fill" :style="{width: part(mv)}"></div>
          <div v-for="mark in marks" class="cwc-limit" :style="{left: part(mark)}"></div></div>
      </div>
    </div>`,
  props: {
    mv: Array, // one a cell, null where not known
    high: Number, // number of the highest cell, 0 for none
    low: Number,
    balanced: Array, // numbers of cells
    wires: Array, // numbers of cells next to a cut wire
    from: Number, // the bars' scale, mV
    to: Number,
    marks: Array, // limits on that scale
    words: Object,
  },
  computed: {
    mean() {
      const known = this.mv.filter((mv) => mv !== null);
      return known.length ? known.reduce((sum, mv) => sum + mv, 0) / known.length : null;
    },
  },
  methods: {
    volts(mv) {
      return mv === null ? "–" : (mv / 1000).toFixed(3);
    },
    offset(mv) {
      const off = Math.round(mv - this.mean);
      return (off > 0 ? "+" : off < 0 ? "−" : "±") + Math.abs(off);
    },
    part(mv) {
      const part = (mv - this.from) / Math.max(1, this.to - this.from);
      return 100 * Math.min(1, Math.max(0, part)) + "%";
    },
    balancing(i) {
      return this.balanced.includes(i + 1);
    },
    cut(i) {
      return this.wires.includes(i + 1);
    },
    kind(i) {
      return {
        "cwc-high": i + 1 === this.high,
        "cwc-low": i + 1 === this.low,
        "cwc-absent": this.mv[i] === null,
        "cwc-wire": this.cut(i),
      };
    },
    spoken(i) {
      const said = [`${this.words.cell} ${i + 1}: ` + (this.mv[i] === null ? this.words.absent : `${this.volts(this.mv[i])} V`)];
      if (i + 1 === this.high) said.push(this.words.highest);
      if (i + 1 === this.low) said.push(this.words.lowest);
      if (this.balancing(i)) said.push(this.words.balancing);
      if (this.cut(i)) said.push(this.words.cut);
      return said.join(this.words.between);
    },
  },
};
