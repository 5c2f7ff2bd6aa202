/** Pictures of the dashboards: the types of `panel-chart.mjs`, for its test. */

export interface DrawnSeries {
  readonly label: string;
  readonly points: readonly (readonly [number, number])[];
}

export interface DrawnPanel {
  readonly title: string;
  readonly unit: string;
  readonly series: readonly DrawnSeries[];
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

export function showValue(value: number, unit: string): string;
export function drawPanel(panel: DrawnPanel): string;
