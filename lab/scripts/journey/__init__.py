"""The main job, shown with real runs on each platform."""
