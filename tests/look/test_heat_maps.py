from __future__ import annotations

from django.template import Context, Template

from raiportal.look.heat_maps import HeatMap, HeatStep, heat_map

SEVERITIES = [HeatStep(1, "Negligible"), HeatStep(2, "Minor"), HeatStep(3, "Moderate"), HeatStep(4, "Major"), HeatStep(5, "Catastrophic", "Somebody dies")]
FREQUENCIES = [HeatStep(1, "Rare"), HeatStep(2, "Unlikely"), HeatStep(3, "Possible"), HeatStep(4, "Likely"), HeatStep(5, "Frequent")]


def made(current: tuple[int, int] | None = None) -> HeatMap:
    return heat_map(SEVERITIES, FREQUENCIES, {(5, 2): 1, (4, 3): 1_200}, lambda severity, frequency: f"?s={severity}&f={frequency}", current=current)


def test_severest_row_comes_first_and_rarest_column() -> None:
    assert [row.step.word for row in made().rows] == ["Catastrophic", "Major", "Moderate", "Minor", "Negligible"]
    assert [column.word for column in made().columns] == ["Rare", "Unlikely", "Possible", "Likely", "Frequent"]


def test_cell_has_its_count_its_level_and_the_way_to_its_harms() -> None:
    cell = made().rows[0].cells[1]

    assert (cell.count, cell.level, cell.url) == (1, 3, "?s=5&f=2")
    assert cell.words == "1 harm, severity 5 catastrophic, frequency 2 unlikely"


def test_corners_have_the_extreme_levels() -> None:
    assert made().rows[0].cells[4].level == 5
    assert made().rows[4].cells[0].level == 1


def test_only_cells_with_harms_are_links() -> None:
    page = Template("{% heat_map map %}").render(Context({"map": made(current=(4, 3))}))

    assert page.count("<a ") == 2
    assert '<a class="r3" href="?s=4&amp;f=3" aria-label="1,200 harms, severity 4 major, frequency 3 possible" aria-current="true">1,200</a>' in page
    assert "<caption" in page
