// Draws one board with Grafana's own components: panels, units, thresholds and value mappings are the board's JSON, series come with it.
import React from 'react';
import { createRoot } from 'react-dom/client';
import { FieldType, MappingType, ThemeContext, ThresholdsMode, createDataFrame, createTheme, dateTime, getDisplayProcessor } from '@grafana/data';
import { BigValue, BigValueColorMode, BigValueGraphMode, BigValueTextMode, PanelChrome, TimeSeries } from '@grafana/ui';
import { AxisPlacement, GraphDrawStyle, LegendDisplayMode, StackingMode, VisibilityMode } from '@grafana/schema';

const { board, from, to, results } = window.RECORDED;
const theme = createTheme({ colors: { mode: 'light' } });
const COLUMN = 75, LINE = 36, GAP = 8;

const named = (legend, labels) => legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? '');

function config(panel, name, colour) {
  const { unit, min, max, decimals, mappings, thresholds, color, custom = {} } = panel.fieldConfig?.defaults ?? {};
  return {
    unit, min, max, decimals, displayName: name, color: color?.mode === 'thresholds' ? color : colour,
    mappings: (mappings ?? []).map((one) => ({ ...one, type: MappingType.ValueToText })),
    thresholds: { mode: ThresholdsMode.Absolute, steps: (thresholds?.steps ?? []).map((one) => ({ ...one, value: one.value ?? -Infinity })) },
    custom: {
      drawStyle: GraphDrawStyle.Line, lineWidth: custom.lineWidth ?? 1, fillOpacity: custom.fillOpacity ?? 0, showPoints: VisibilityMode.Never,
      axisPlacement: AxisPlacement.Auto, axisSoftMax: custom.axisSoftMax, lineInterpolation: custom.lineInterpolation, stacking: custom.stacking ?? { mode: StackingMode.None, group: 'A' },
      thresholdsStyle: custom.thresholdsStyle, gradientMode: custom.gradientMode, spanNulls: false,
    },
  };
}

function frames(panel, colours) {
  const series = (results[panel.id] ?? []).flatMap(({ legend, series }) => series.map((one) => ({ ...one, name: named(legend, one.metric).trim() })));
  return series.map(({ metric, values, name }, place) => {
    const fields = [
      { name: 'Time', type: FieldType.time, values: values.map(([at]) => at * 1000), config: {} },
      { name: 'Value', type: FieldType.number, labels: metric, values: values.map(([, value]) => (Number.isFinite(Number(value)) ? Number(value) : null)), config: config(panel, name, colours(place)) },
    ];
    const frame = createDataFrame({ refId: `A${place}`, fields });
    for (const field of frame.fields) {
      field.display = getDisplayProcessor({ field, theme });
    }
    frame.fields[1].state = { displayName: name, seriesIndex: place };
    return frame;
  });
}

const palette = (place) => ({ mode: 'fixed', fixedColor: theme.visualization.getColorByName(theme.visualization.palette[place % theme.visualization.palette.length]) });

function Numbers({ panel, width, height }) {
  const all = frames(panel, () => ({ mode: 'thresholds' }));
  const each = Math.floor((width - GAP * (all.length - 1)) / all.length);
  return (
    <div style={{ display: 'flex', gap: GAP }}>
      {all.map((frame, place) => {
        const field = frame.fields[1], known = field.values.filter((value) => value !== null);
        const value = { ...field.display(known[known.length - 1]), title: field.config.displayName };
        return <BigValue key={place} width={each} height={height - 2 * GAP} theme={theme} value={value} colorMode={BigValueColorMode.Background}
          graphMode={BigValueGraphMode.None} textMode={value.title ? BigValueTextMode.ValueAndName : BigValueTextMode.Value} />;
      })}
    </div>
  );
}

function Curves({ panel, width, height }) {
  const range = { from: dateTime(from * 1000), to: dateTime(to * 1000), raw: { from: 'now', to: 'now' } };
  return <TimeSeries frames={frames(panel, palette)} structureRev={1} width={width} height={height} timeRange={range} timeZone="utc" theme={theme}
    legend={{ showLegend: true, displayMode: LegendDisplayMode.List, placement: panel.options?.legend?.placement ?? 'bottom', calcs: [] }} />;
}

function Panel({ panel }) {
  const { x, y, w, h } = panel.gridPos;
  const box = { position: 'absolute', left: x * COLUMN, top: y * LINE, width: w * COLUMN - GAP, height: h * LINE - GAP };
  if (panel.type === 'row') {
    return <h2 style={{ ...box, margin: 0, fontSize: 18 }}>{panel.title}</h2>;
  }
  const Kind = panel.type === 'stat' ? Numbers : Curves;
  const empty = !(results[panel.id] ?? []).some(({ series }) => series.length);
  return (
    <div style={box}>
      <PanelChrome title={panel.title} description={panel.description} width={box.width} height={box.height}>
        {(width, height) => (empty ? <div style={{ textAlign: 'center', paddingTop: height / 3 }}>No data</div> : <Kind panel={panel} width={width} height={height} />)}
      </PanelChrome>
    </div>
  );
}

const high = Math.max(...board.panels.map(({ gridPos: { y, h } }) => y + h)) * LINE;
document.body.style.cssText = `margin:0;font:14px Inter,Arial,sans-serif;color:${theme.colors.text.primary};background:${theme.colors.background.canvas}`;
const root = document.getElementById('root');
root.style.cssText = `position:relative;width:${24 * COLUMN}px;height:${high}px;margin:${GAP}px`;
createRoot(root).render(<ThemeContext.Provider value={theme}>{board.panels.map((panel) => <Panel key={panel.id} panel={panel} />)}</ThemeContext.Provider>);
