"""The scheduler process: looks at the timetable every second; two of them are safe."""
