"""A Liberty file as small as synthesis and timing can work with, made of what is tried."""

THRESHOLDS = {
    **{
        f"{pin}_threshold_pct_{edge}": 50
        for pin in ("input", "output")
        for edge in ("rise", "fall")
    },
    **{f"slew_lower_threshold_pct_{edge}": 20 for edge in ("rise", "fall")},
    **{f"slew_upper_threshold_pct_{edge}": 80 for edge in ("rise", "fall")},
}
_TABLE = """\
        {name} ({template}) {{
          values ("{row}", "{row}", "{row}");
        }}
"""


def _tables(names, fast, slow, template="slopes"):
    row = f"{fast}, {(fast + slow) / 2}, {slow}"
    return "".join(_TABLE.format(name=name, row=row, template=template) for name in names)


def _output(pin, function, inputs, sense="negative_unate"):
    arcs = "".join(
        f'      timing () {{\n        related_pin : "{source}";\n        timing_sense : {sense};\n'
        + _tables(("cell_rise", "cell_fall", "rise_transition", "fall_transition"), 0.1, 0.5)
        + "      }\n"
        for source in inputs
    )
    return (
        f'    pin ({pin}) {{\n      direction : output;\n      function : "{function}";\n'
        f"      max_capacitance : 0.1;\n{arcs}    }}\n"
    )


def _input(pin, extra=""):
    return (
        f"    pin ({pin}) {{\n      direction : input;\n      capacitance : 0.002;\n{extra}    }}\n"
    )


def _cell(name, area, body):
    return f'  cell ("{name}") {{\n    area : {area};\n{body}  }}\n'


def _gate(name, area, inputs, function, sense="negative_unate"):
    return _cell(name, area, "".join(map(_input, inputs)) + _output("Y", function, inputs, sense))


def _flip_flop():
    setup = (
        '      timing () {\n        related_pin : "CK";\n        timing_type : setup_rising;\n'
        + _tables(("rise_constraint", "fall_constraint"), 0.05, 0.05, "edges")
        + "      }\n"
    )
    launch = (
        '      timing () {\n        related_pin : "CK";\n        timing_type : rising_edge;\n'
        + _tables(("cell_rise", "cell_fall", "rise_transition", "fall_transition"), 0.2, 0.6)
        + "      }\n"
    )
    return _cell(
        "DFF",
        10.0,
        '    ff ("IQ", "IQN") {\n      clocked_on : "CK";\n      next_state : "D";\n    }\n'
        + _input("CK", "      clock : true;\n")
        + _input("D", setup)
        + f'    pin (Q) {{\n      direction : output;\n      function : "IQ";\n{launch}    }}\n',
    )


def library(without=(), time_unit="1ns", extra=""):
    """Return the text of a Liberty file, without the cells that are named."""
    cells = {
        "INV": _gate("INV", 1.0, ["A"], "!A"),
        "BUF": _gate("BUF", 1.5, ["A"], "A", "positive_unate"),
        "BUFX4": _gate("BUFX4", 3.0, ["A"], "(A)", "positive_unate"),
        "NAND2": _gate("NAND2", 2.0, ["A", "B"], "!(A & B)"),
        "NOR2": _gate("NOR2", 2.0, ["A", "B"], "!(A | B)"),
        "TIE": _cell("TIE", 0.5, _output("H", "1", []) + _output("L", "0", [])),
        "DFF": _flip_flop(),
        "BAD": _cell("BAD", 0.1, '    dont_use : "true";\n' + _input("A") + _output("Y", "A", "A")),
        "TWIN": _cell(
            "TWIN", 4.0, '    latch (IQ, IQN) { enable : "G"; data_in : "D"; }\n'
            + _input("D") + _input("G") + _output("Q", "IQ", []),
        ),
    }  # fmt: skip
    return (
        "/* a comment with { a brace */\nlibrary (tiny) {\n  delay_model : table_lookup;\n"
        f'  time_unit : "{time_unit}";\n  capacitive_load_unit (1, pf);\n  voltage_unit : "1V";\n'
        '  current_unit : "1mA";\n  pulling_resistance_unit : "1kohm";\n'
        '  leakage_power_unit : "1nW";\n  default_max_transition : 2.0;\n'
        "  lu_table_template (slopes) {\n    variable_1 : input_net_transition;\n"
        '    variable_2 : total_output_net_capacitance;\n    index_1 ("0.0, 0.5, 1.0");\n'
        '    index_2 ("0.0, 0.05, 0.1");\n  }\n  lu_table_template (edges) {\n'
        "    variable_1 : related_pin_transition;\n    variable_2 : constrained_pin_transition;\n"
        '    index_1 ("0.0, 0.5, 1.0");\n    index_2 ("0.0, 0.5, 1.0");\n  }\n'
        + "".join(f"  {name} : {value};\n" for name, value in THRESHOLDS.items())
        + extra
        + "".join(text for name, text in cells.items() if name not in without)
        + "}\n"
    )
